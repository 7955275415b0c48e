// What is wrong in a script, not how it looks. Types are tsc's: see tsconfig.json.
import js from "@eslint/js";

export default [
  js.configs.recommended,
  {
    files: ["gateway/static/*.js"],
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-undef": "off", // tsc knows better which names there are, and Api is one of its own
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      eqeqeq: "error", // == turns one type into another
      "prefer-const": "error",
      "no-var": "error",
      "no-shadow": "error",
      "no-eval": "error", // the policy of the pages forbids these three, too late to be noticed here
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({
          property,
          message: "What people write never becomes markup: make nodes.",
        })),
        { object: "document", property: "write" },
      ],
      "max-lines": ["error", 300], // as everywhere in this repository
      "max-lines-per-function": ["error", 40],
      "max-len": ["error", { code: 120, ignoreUrls: true }],
    },
  },
  {
    // What the browsers can read that README names; one word more, and none of the scripts runs there.
    files: ["gateway/static/*.js"],
    languageOptions: { ecmaVersion: 2022 },
    rules: {
      "no-restricted-syntax": [
        "error",
        { selector: "Literal[regex.pattern=/\\(\\?<[=!]/]", message: "Safari before 16.4 cannot read look-behind." },
        { selector: "TemplateElement[value.raw=/\\n/]", message: "Joined scripts are not indented: write \\n." },
        ...[
          "ExportDefaultDeclaration",
          "ExportAllDeclaration",
          "ExportNamedDeclaration[declaration=null]",
          "ExportNamedDeclaration > VariableDeclaration[kind='let']",
          "ExportNamedDeclaration > VariableDeclaration[declarations.length>1]",
        ].map((selector) => ({ selector, message: "It cannot be joined: gateway/domain/joined_scripts.py." })),
      ],
    },
  },
  {
    files: ["gateway/static/script_loader.js"],
    languageOptions: { ecmaVersion: 5, sourceType: "script" },
    rules: { "no-var": "off" },
  },
];
