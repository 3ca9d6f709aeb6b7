/**
 * The sandbox's control API as functions. Knows addresses and shapes; what is done with the answers is left to others.
 */

/** An answer other than 2xx; its message is the sentence the server gave. */
export class Refusal extends Error {}

async function ask(path, body) {
  const options =
    body === undefined
      ? {}
      : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(path, { cache: "no-store", ...options });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok || answer.ok === false)
    throw new Refusal(answer.error ?? `${response.status} ${response.statusText}`);
  return answer;
}

export const fetchState = () => ask("/sandbox/state");
export const fetchMessages = (chatId, limit = 200) => ask(`/sandbox/chats/${chatId}/messages?limit=${limit}`);
export const fetchRecord = (after) => ask(`/sandbox/record?after=${after}`);
export const addPerson = (person) => ask("/sandbox/people", person);
export const addGroup = (group) => ask("/sandbox/groups", group);
export const act = (deed) => ask("/sandbox/act", deed);
export const setFaults = (plan) => ask("/sandbox/faults", plan);
export const setLimits = (limits) => ask("/sandbox/limits", limits);
export const fileUrl = (fileId) => `/sandbox/files/${encodeURIComponent(fileId)}`;

/** A Blob or File as the control API takes it: {name, mime, base64}. */
export async function packed(blob, name = blob.name ?? "file") {
  const url = await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
  return { name, mime: blob.type || "application/octet-stream", base64: url.slice(url.indexOf(",") + 1) };
}

/**
 * Server-Sent Events for as long as the page lives.
 *
 * `onOpen` runs after every connection, the first included: whatever happened in between was missed, so that is the
 * moment to fetch all again. The browser's own retry gives up after some failures, hence ours.
 */
export function listen({ onOpen, onEvent, onLost }) {
  let wait = 250;
  const connect = () => {
    const source = new EventSource("/sandbox/events");
    source.onopen = () => {
      wait = 250;
      onOpen();
    };
    source.onmessage = (event) => onEvent(JSON.parse(event.data));
    source.onerror = () => {
      source.close();
      onLost();
      setTimeout(connect, wait);
      wait = Math.min(wait * 1.6, 3000);
    };
  };
  connect();
}

/** Runs `run` one at a time: calls made during a run share the one that begins after it. `run` must not reject. */
export function inTurn(run) {
  let current = null;
  let next = null;
  const call = () => {
    if (current === null) {
      current = run().finally(() => {
        current = null;
      });
      return current;
    }
    next ??= current.then(() => {
      next = null;
      return call();
    });
    return next;
  };
  return call;
}
