/** The contract's page with a form at each operation, which makes the call: with the reader's account, or a token. */

import { all, required } from "./dom.js";

/**
 * @typedef {{type?: string, default?: unknown, $ref?: string, properties?: Record<string, Schema>}} Schema
 * @typedef {{name: string, in: string, required: boolean, schema: Schema}} Parameter
 * @typedef {{parameters?: Parameter[], requestBody?: {content: Record<string, {schema?: Schema, example?: unknown}>}}
 *   } Operation
 * @typedef {{paths: Record<string, Record<string, Operation>>, components: {schemas: Record<string, Schema>}}} Contract
 */

const SHOWN_LENGTH_MAX = 100_000;
const TOLD_HEADERS = ["content-type", "content-length", "location", "link", "etag", "retry-after", "x-request-id"];
const FORM = "application/x-www-form-urlencoded";

/** @type {Promise<Contract> | undefined} */
let contract;

/** @returns {Promise<Contract>} asked for once, when somebody first wants to call something */
function loaded() {
  contract ??= fetch("/openapi.json").then((answer) => answer.json());
  return contract;
}

function begin() {
  required(document, "#calls").hidden = false;
  for (const article of all(document, "article.operation")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Try it";
    button.setAttribute("aria-describedby", required(article, "h3").id);
    button.addEventListener("click", () => void open(article, button));
    article.append(button);
  }
}

/**
 * @param {HTMLElement} article
 * @param {HTMLButtonElement} button which the form takes the place of
 */
async function open(article, button) {
  const { method = "", path = "" } = article.dataset;
  button.disabled = true;
  const { paths, components } = await loaded();
  const operation = paths[path]?.[method.toLowerCase()] ?? {};
  const form = document.createElement("form");
  form.className = "call";
  form.append(...parameterFields(operation.parameters ?? []), ...bodyFields(operation, components.schemas));
  const send = document.createElement("button");
  send.className = "primary";
  send.textContent = `Send ${method}`;
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  const shown = document.createElement("pre");
  shown.tabIndex = 0;
  shown.hidden = true;
  form.append(send, status, shown);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void call(form, { method, path, status, shown });
  });
  button.replaceWith(form);
  required(form, "input, textarea, button").focus();
}

/** @param {Parameter[]} parameters */
function parameterFields(parameters) {
  return parameters.map((one) => {
    const input = document.createElement("input");
    input.required = one.required;
    input.placeholder = String(one.schema.default ?? one.schema.type ?? "");
    input.dataset.place = one.in;
    return labelled(one.name, input, one.in);
  });
}

/**
 * @param {Operation} operation
 * @param {Record<string, Schema>} schemas
 */
function bodyFields({ requestBody }, schemas) {
  const [type, content] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  if (!type || !content) {
    return [];
  }
  if (type === "application/json") {
    const area = document.createElement("textarea");
    area.rows = 6;
    area.spellcheck = false;
    area.value = JSON.stringify(content.example ?? {}, null, 2);
    return [labelled(type, area, "json")];
  }
  if (type === FORM) {
    const schema = schemas[content.schema?.$ref?.split("/").at(-1) ?? ""] ?? {};
    return Object.keys(schema.properties ?? {}).map((name) => {
      const input = document.createElement("input");
      input.type = name === "password" ? "password" : "text";
      input.autocomplete = "off";
      return labelled(name, input, "form");
    });
  }
  const file = document.createElement("input");
  file.type = "file";
  file.multiple = type === "multipart/form-data";
  return [labelled(type, file, file.multiple ? "files" : "bytes")];
}

/**
 * @param {string} text what is beside the field, and its name
 * @param {HTMLInputElement | HTMLTextAreaElement} field
 * @param {string} place where its value goes in the request
 */
function labelled(text, field, place) {
  const label = document.createElement("label");
  label.textContent = text;
  field.name = text;
  field.dataset.place = place;
  label.append(field);
  return label;
}

/**
 * Where each field's value goes in the request, by the field's place.
 * @typedef {{path: string, query: URLSearchParams, headers: Headers, body?: BodyInit}} Request
 * @type {Record<string, (request: Request, field: HTMLInputElement | HTMLTextAreaElement) => void>}
 */
const PLACES = {
  path: (request, { name, value }) => {
    request.path = request.path.replace(`{${name}}`, encodeURIComponent(value));
  },
  query: ({ query }, { name, value }) => query.append(name, value),
  header: ({ headers }, { name, value }) => headers.set(name, value),
  json: (request, { name, value }) => {
    request.headers.set("Content-Type", name);
    request.body = value;
  },
  form: (request, { name, value }) => {
    const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
    form.append(name, value);
    request.body = form;
  },
  files: (request, field) => {
    const form = new FormData();
    filesOf(field).forEach((file) => form.append("files", file));
    request.body = form;
  },
  bytes: (request, field) => {
    request.headers.set("Content-Type", field.name);
    request.body = filesOf(field)[0];
  },
};

/** @param {HTMLInputElement | HTMLTextAreaElement} field */
function filesOf(field) {
  return field instanceof HTMLInputElement ? [...(field.files ?? [])] : [];
}

/**
 * @param {HTMLFormElement} form of which fields that are empty are left out
 * @param {string} path with the names of its parameters in braces
 */
function requestOf(form, path) {
  /** @type {Request} */
  const request = { path, query: new URLSearchParams(), headers: new Headers() };
  for (const field of form.elements) {
    if ((field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) && field.value) {
      PLACES[field.dataset.place ?? ""]?.(request, field);
    }
  }
  return request;
}

/**
 * @param {HTMLFormElement} form
 * @param {{method: string, path: string, status: HTMLElement, shown: HTMLElement}} call
 */
async function call(form, { method, path, status, shown }) {
  const { path: filled, query, headers, body } = requestOf(form, path);
  const address = query.size ? `${filled}?${query}` : filled;
  const token = required(document, "#token", HTMLInputElement).value.trim();
  if (token) {
    headers.set("Authorization", `Bearer ${token}`);
  }
  status.textContent = `${method} ${address} …`;
  try {
    const credentials = token ? "omit" : "same-origin";
    const answer = await fetch(address, { method, headers, body, credentials });
    shown.textContent = `${told(answer.headers)}\n\n${await textOf(answer)}`.trim();
    status.textContent = `${answer.status} ${answer.statusText}`.trim();
  } catch (error) {
    status.textContent = "Nothing came back";
    shown.textContent = String(error);
  }
  shown.hidden = false;
}

/** @param {Headers} headers */
function told(headers) {
  const known = TOLD_HEADERS.filter((name) => headers.has(name));
  return known.map((name) => `${name}: ${headers.get(name)}`).join("\n");
}

/**
 * What can be read of the answer. A stream of pictures never ends, so what is no text is left.
 * @param {Response} answer
 */
async function textOf(answer) {
  const type = answer.headers.get("content-type") ?? "";
  if (!/json|^text\//.test(type)) {
    await answer.body?.cancel();
    return type && `(${type} is not shown)`;
  }
  const text = await answer.text();
  const whole = type.includes("json") && text ? JSON.stringify(JSON.parse(text), null, 2) : text;
  return whole.length > SHOWN_LENGTH_MAX ? `${whole.slice(0, SHOWN_LENGTH_MAX)}\n…` : whole;
}

begin();
