// Requests to the server; what it refuses becomes an error with its sentence and the field at fault.

export class Refused extends Error {
  constructor(message, status, field) {
    super(sentence(message));
    Object.assign(this, { status, field: field ?? null });
  }
}

// The program's messages begin small and end without a stop, as behind `error:` on a terminal; here they stand alone.
export function sentence(message) {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

async function answer(response) {
  if (response.ok) return response;
  let error = null;
  try {
    error = (await response.json()).error;
  } catch {
    // Not an answer of the house: the status says what there is to say.
  }
  throw new Refused(error?.message ?? `The server answered ${response.status} ${response.statusText}.`, response.status, error?.field);
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The server does not answer. Is `longhand serve` still running?", 0);
  }
  return answer(response);
}

// Why the server refuses to answer here, which an EventSource does not say; null if it does not. The answer is not read.
export async function refusal(path) {
  const request = new AbortController();
  try {
    await ask(path, { signal: request.signal });
    return null;
  } catch (error) {
    return error;
  } finally {
    request.abort();
  }
}

export async function get(path, options = {}) {
  return (await ask(path, options)).json();
}

export async function getText(path, options = {}) {
  return (await ask(path, options)).text();
}

export async function post(path, body, options = {}) {
  const sent = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), ...options };
  return (await ask(path, sent)).json();
}

// Sends bytes, such as a picture or a workbook.
export async function postBytes(path, bytes, type, options = {}) {
  return (await ask(path, { method: "POST", headers: { "content-type": type }, body: bytes, ...options })).json();
}
