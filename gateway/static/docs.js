// Shows /openapi.json and lets the reader try each operation. No framework and no other host: the
// page works wherever the gateway does, and under a policy that allows scripts of this origin only.

const TOKEN_KEY = "treadle-token";
const METHODS = ["get", "post", "put", "patch", "delete"];
let api;

const el = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};

// Text in which `code` is marked as in the document's descriptions.
const prose = (tag, text) => el(tag, {}, ...(text ?? "").split("`").map((part, at) =>
  (at % 2 ? el("code", { textContent: part }) : part)));

const resolve = (part) => {
  let at = part;
  for (let hops = 0; at && at.$ref && hops < 10; hops += 1) {
    at = at.$ref.slice(2).split("/").reduce((node, key) => node?.[key], api);
  }
  return at ?? {};
};

const refName = (part) => part?.$ref?.split("/").pop();

const typeOf = (schema) => {
  const whole = resolve(schema);
  const options = whole.anyOf ?? whole.oneOf;
  if (options) return options.map((option) => refName(option) ?? typeOf(option)).join(" | ");
  if (whole.const !== undefined) return JSON.stringify(whole.const);
  if (whole.enum) return whole.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (whole.type === "array") return `array of ${refName(whole.items) ?? typeOf(whole.items ?? {})}`;
  return (whole.type ?? "any") + (whole.format ? ` (${whole.format})` : "");
};

const limits = (schema) => {
  const whole = resolve(schema);
  const names = ["minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "pattern"];
  const given = names.filter((name) => whole[name] !== undefined).map((name) => `${name} ${whole[name]}`);
  if (whole.default !== undefined && whole.default !== null) given.push(`default ${JSON.stringify(whole.default)}`);
  return given.join(", ");
};

// Nested parts are drawn when they are opened, so that shared and deep schemas cost nothing before.
const lazily = (summary, draw) => {
  const body = el("div");
  const details = el("details", {}, el("summary", {}, summary), body);
  details.addEventListener("toggle", () => { if (details.open && !body.hasChildNodes()) body.append(draw()); });
  return details;
};

const nested = (schema) => {
  const whole = resolve(schema);
  const options = (whole.anyOf ?? whole.oneOf ?? []).filter((option) => resolve(option).properties);
  if (options.length > 0) {
    return el("div", {}, ...options.map((option) =>
      lazily(refName(option) ?? resolve(option).title ?? "object", () => schemaView(option))));
  }
  if (whole.properties) return lazily(refName(schema) ?? "object", () => schemaView(schema));
  if (whole.type === "array" && whole.items) return nested(whole.items);
  return null;
};

const schemaView = (schema) => {
  const whole = resolve(schema);
  if (!whole.properties) return nested(schema) ?? el("code", { textContent: typeOf(schema) });
  const required = new Set(whole.required ?? []);
  return el("ul", { className: "schema" }, ...Object.entries(whole.properties).map(([name, member]) => el(
    "li", {},
    el("code", { textContent: name, className: required.has(name) ? "required" : "" }), " ",
    el("span", { className: "muted", textContent: [typeOf(member), limits(member)].filter(Boolean).join(" · ") }),
    prose("div", resolve(member).description),
    nested(member),
  )));
};

const example = (schema) => {
  const whole = resolve(schema);
  const options = whole.anyOf ?? whole.oneOf;
  const first = options?.find((option) => resolve(option).type !== "null");
  const given = whole.examples?.[0] ?? (first ? resolve(first).examples?.[0] : undefined);
  return given === undefined ? "{}" : JSON.stringify(given, null, 2);
};

const tryIt = (path, method, operation, parameters, bodySchema) => {
  const fields = parameters.map((parameter) => [parameter, el("input", { name: parameter.name, ariaLabel: parameter.name })]);
  const body = bodySchema ? el("textarea", { value: example(bodySchema), spellcheck: false, ariaLabel: "request body" }) : null;
  const output = el("div");
  const send = el("button", { type: "submit", textContent: "Send" });
  const stop = el("button", { type: "button", textContent: "Stop", className: "plain", hidden: true });
  const form = el("form", {},
    fields.length ? el("table", {}, ...fields.map(([parameter, input]) => el("tr", {},
      el("td", {}, el("code", { textContent: parameter.name, className: parameter.required ? "required" : "" }), ` ${parameter.in}`),
      el("td", {}, input),
      prose("td", parameter.description ?? typeOf(parameter.schema)),
    ))) : null,
    body ? el("h3", { textContent: "Body" }) : null, body,
    el("p", {}, send, " ", stop), output);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const control = new AbortController();
    stop.onclick = () => control.abort();
    stop.hidden = false;
    output.replaceChildren();
    try {
      await call(request(path, method, fields, body, control.signal), output);
    } catch (error) {
      output.append(el("p", { className: "bad", textContent: control.signal.aborted ? "Stopped." : String(error) }));
    } finally {
      stop.hidden = true;
    }
  });
  return form;
};

const request = (path, method, fields, body, signal) => {
  const headers = {};
  const token = document.getElementById("token").value.trim();
  if (token) headers.Authorization = `Bearer ${token}`;
  const query = new URLSearchParams();
  let target = path;
  for (const [parameter, input] of fields) {
    const value = input.value.trim();
    if (parameter.in === "path") target = target.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (value && parameter.in === "query") query.set(parameter.name, value);
    else if (value) headers[parameter.name] = value;
  }
  const text = body?.value.trim();
  if (text) headers["Content-Type"] = "application/json";
  const suffix = query.size > 0 ? `?${query}` : "";
  return new Request(target + suffix, { method: method.toUpperCase(), headers, body: text || undefined, signal });
};

const call = async (sent, output) => {
  const began = performance.now();
  const answer = await fetch(sent);
  const took = Math.round(performance.now() - began);
  output.append(el("p", { className: answer.ok ? "good" : "bad", textContent: `${answer.status} ${answer.statusText} in ${took} ms` }));
  const shown = ["etag", "location", "retry-after", "x-request-id"].filter((name) => answer.headers.has(name));
  output.append(el("pre", { textContent: shown.map((name) => `${name}: ${answer.headers.get(name)}`).join("\n") }));
  const content = el("pre");
  output.append(content);
  if ((answer.headers.get("content-type") ?? "").startsWith("text/event-stream")) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) content.append(part.value);
    return;
  }
  const text = await answer.text();
  try {
    content.textContent = JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    content.textContent = text;
  }
};

const operationView = (path, method, operation) => {
  const parameters = (operation.parameters ?? []).map(resolve);
  const bodySchema = operation.requestBody?.content?.["application/json"]?.schema;
  const draw = () => el("div", {},
    prose("p", operation.description),
    bodySchema ? lazily("Body schema", () => schemaView(bodySchema)) : null,
    lazily("Responses", () => el("table", {}, ...Object.entries(operation.responses).map(([code, response]) => {
      const whole = resolve(response);
      const schema = Object.values(whole.content ?? {})[0]?.schema;
      return el("tr", {}, el("td", {}, el("code", { textContent: code })),
        el("td", {}, prose("span", whole.description), schema ? lazily(refName(schema) ?? "schema", () => schemaView(schema)) : null));
    }))),
    el("h3", { textContent: "Try it" }),
    tryIt(path, method, operation, parameters, bodySchema));
  const details = lazily("", draw);
  details.className = "operation";
  details.id = operation.operationId;
  details.querySelector("summary").replaceChildren(
    el("span", { className: `method ${method}`, textContent: method }),
    el("code", { textContent: path }),
    el("span", { className: "muted", textContent: operation.summary ?? "" }));
  details.dataset.text = `${method} ${path} ${operation.operationId} ${operation.summary}`.toLowerCase();
  return details;
};

const show = () => {
  const groups = new Map();
  for (const [path, operations] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((name) => operations[name])) {
      const tag = operations[method].tags?.[0] ?? "other";
      groups.set(tag, [...(groups.get(tag) ?? []), operationView(path, method, operations[method])]);
    }
  }
  document.getElementById("main").replaceChildren(
    ...(api.info.description ?? "").split("\n\n").map((text) => prose("p", text)),
    ...[...groups].map(([tag, views]) => el("section", {}, el("h2", { textContent: tag }), ...views)));
  if (location.hash) {
    const chosen = document.getElementById(location.hash.slice(1));
    if (chosen) { chosen.open = true; chosen.scrollIntoView(); }
  }
};

const token = document.getElementById("token");
token.value = sessionStorage.getItem(TOKEN_KEY) ?? "";
token.addEventListener("change", () => sessionStorage.setItem(TOKEN_KEY, token.value.trim()));
document.getElementById("filter").addEventListener("input", (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  for (const section of document.querySelectorAll("main section")) {
    let any = false;
    for (const view of section.querySelectorAll("details.operation")) {
      view.hidden = !view.dataset.text.includes(wanted);
      any ||= !view.hidden;
    }
    section.hidden = !any;
  }
});

try {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  api = await answer.json();
  show();
} catch (error) {
  document.getElementById("main").replaceChildren(el("p", { className: "bad", textContent: `The API's description could not be read: ${error.message}` }));
}
