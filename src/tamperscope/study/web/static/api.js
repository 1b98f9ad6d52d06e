// What the server is asked. Every failure is an Error with `status` (0: no answer) and a sentence for the reader.

let token = "";

async function ask(method, path, body, options = {}) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = token;
  let answer;
  try {
    const text = body === undefined ? undefined : JSON.stringify(body);
    answer = await fetch(path, { method, headers, body: text, credentials: "same-origin", ...options });
  } catch (error) {
    throw Object.assign(new Error("The server does not answer."), { status: 0, cause: error });
  }
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  const words = typeof said.error === "string" ? said.error : `The server refused (${answer.status}).`;
  const retryAfter = Number(answer.headers.get("Retry-After")) || undefined;
  throw Object.assign(new Error(words), { status: answer.status, said, retryAfter });
}

/** Who reads, and the parts with their questions and cases. */
export async function session() {
  const said = await ask("GET", "/api/session");
  token = said.csrf;
  return said;
}

export const readCase = (id, signal) => ask("GET", `/api/case/${encodeURIComponent(id)}`, undefined, { signal });
export const pixelsPath = (id) => `/api/case/${encodeURIComponent(id)}/pixels`;
export const sendEvents = (id, events, keepalive = false) =>
  ask("POST", `/api/case/${encodeURIComponent(id)}/events`, { events }, { keepalive });
export const sendRemark = (part, remark) => ask("POST", `/api/part/${encodeURIComponent(part)}/remark`, { remark });
export const lockPart = (part) => ask("POST", `/api/part/${encodeURIComponent(part)}/lock`, {});
export const progress = () => ask("GET", "/api/operator/progress");
export const operatorLock = (reader, part, reason) => ask("POST", "/api/operator/lock", { reader, part, reason });
export const operatorReopen = (reader, part, reason) => ask("POST", "/api/operator/reopen", { reader, part, reason });
