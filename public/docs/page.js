// For reading only: nobody should type a secret into a page, so requests cannot be sent from here.

const CREDENTIALS = {
  webhookSecret: "Portal: X-Webhook-Secret",
  clientBearer: "app: its user's bearer token",
  adminBearer: "operator: bearer token",
};

/** Who may call an operation, in words. */
function credential(operation) {
  const schemes = (operation.get("security")?.toJS() ?? []).flatMap(Object.keys);
  return schemes.length === 0 ? "no credential" : schemes.map((name) => CREDENTIALS[name] ?? name).join(", or ");
}

const isError = (_, code) => Number(code) >= 400;

const plugin = () => ({
  wrapComponents: {
    /** Each route shows its credential beside its path. */
    OperationSummaryPath:
      (Original, { React }) =>
      (props) =>
        React.createElement(
          React.Fragment,
          null,
          React.createElement(Original, props),
          React.createElement("span", { className: "credential" }, credential(props.operationProps)),
        ),
    /** What goes well is in sight, the errors are folded. */
    responses:
      (Original, { React }) =>
      (props) => {
        const errors = props.responses.filter(isError);
        const title = `Errors: ${errors.keySeq().join(", ")}`;
        return React.createElement(
          React.Fragment,
          null,
          React.createElement(Original, { ...props, responses: props.responses.filterNot(isError) }),
          errors.size > 0 &&
            React.createElement(
              "details",
              { className: "errors" },
              React.createElement("summary", null, title),
              React.createElement(Original, { ...props, responses: errors }),
            ),
        );
      },
  },
});

SwaggerUIBundle({
  url: "/openapi.yaml",
  dom_id: "#reference",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [plugin],
  supportedSubmitMethods: [],
  validatorUrl: null,
});
