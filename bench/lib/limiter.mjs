// A rate limiting binding as Cloudflare's, which raw workerd does not have: it counts nothing and lets everything pass.
export default () => ({ limit: async () => ({ success: true }) });
