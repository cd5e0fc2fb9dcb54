import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

// Not among them: logs, which imports none, and is shown by others.
const features = ["apps", "button", "conversation", "deployment", "palette", "push", "quota", "repositories", "settings", "sign-in"];

export default tseslint.config(
  { ignores: ["src/lib/api.d.ts", "node_modules"] },
  ...tseslint.configs.strict,
  jsxA11y.flatConfigs.strict,
  reactHooks.configs.flat.recommended,
  {
    rules: {
      "max-lines": ["error", { max: 250 }],
      "no-restricted-syntax": [
        "error",
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "Untrusted text is a text node." },
      ],
    },
  },
  // app -> features -> components -> lib, and features never import each other except through app.
  {
    files: ["src/lib/**", "src/components/**"],
    rules: { "no-restricted-imports": ["error", { patterns: ["**/features/**", "**/app/**"] }] },
  },
  ...features.map((feature) => ({
    files: [`src/features/${feature}/**`],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: ["**/app/**", ...features.filter((f) => f !== feature).map((f) => `**/${f}/**`)] },
      ],
    },
  })),
);
