// For reading only: nobody should type a secret into a page, so requests cannot be sent from here.
SwaggerUIBundle({
  url: "/openapi.yaml",
  dom_id: "#reference",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
  presets: [SwaggerUIBundle.presets.apis],
  supportedSubmitMethods: [],
  validatorUrl: null,
});
