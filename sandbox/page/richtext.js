/**
 * Text with Telegram's entities → nodes. Offsets count UTF-16 units, which is what JavaScript's strings count too.
 *
 * Links open only for schemes that cannot run anything here; all else stays plain text.
 */

import { h } from "./dom.js";

const SAFE = new Set(["http:", "https:", "mailto:", "tel:"]);
const TAGS = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  code: "code",
  pre: "pre",
  blockquote: "blockquote",
};
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);
const MARKED = new Set(["mention", "hashtag", "cashtag", "text_mention", "custom_emoji"]);

/** The address of a link if it is safe to follow, else null. A bare host gets https, as Telegram does. */
export function safeHref(address) {
  const withScheme = /^[a-z][a-z0-9+.-]*:/i.test(address) ? address : `https://${address}`;
  try {
    const url = new URL(withScheme);
    return SAFE.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** The payload if the address is a deep link to this bot (t.me/<bot>?start=…), else null. */
export function startPayload(address, botUsername) {
  const match = /^(?:https?:\/\/)?(?:t|telegram)\.me\/(\w+)\/?\?start=([\w-]{1,64})$/i.exec(address);
  return match && match[1].toLowerCase() === String(botUsername).toLowerCase() ? match[2] : null;
}

function link(address, children, { botUsername, onStart }) {
  const payload = startPayload(address, botUsername);
  if (payload !== null)
    return h("button", { type: "button", class: "text-link", onclick: () => onStart(payload) }, children);
  const href = safeHref(address);
  return href === null
    ? h("span", {}, children)
    : h("a", { href, target: "_blank", rel: "noopener noreferrer" }, children);
}

function spoiler(children) {
  const open = (event) => {
    const cover = event.currentTarget;
    if (cover.classList.contains("is-open")) return;
    event.preventDefault();
    cover.classList.add("is-open");
  };
  return h(
    "span",
    {
      class: "spoiler",
      role: "button",
      tabindex: "0",
      onclick: open,
      onkeydown: (e) => e.key === "Enter" && open(e),
    },
    children,
  );
}

function wrap(entity, text, children, context) {
  switch (entity.type) {
    case "text_link":
      return link(entity.url ?? "", children, context);
    case "url":
      return link(text, children, context);
    case "email":
      return link(`mailto:${text}`, children, context);
    case "phone_number":
      return link(`tel:${text}`, children, context);
    case "bot_command":
      return h(
        "button",
        { type: "button", class: "text-link", onclick: () => context.onCommand(text) },
        children,
      );
    case "spoiler":
      return spoiler(children);
    case "expandable_blockquote":
      return h(
        "blockquote",
        { class: "is-expandable", onclick: (e) => e.currentTarget.classList.toggle("is-open") },
        children,
      );
    case "pre":
      return h(
        "pre",
        { dataset: entity.language ? { language: entity.language } : {} },
        h("code", {}, children),
      );
    default:
      if (entity.type in TAGS) return h(TAGS[entity.type], {}, children);
      return h("span", { class: MARKED.has(entity.type) ? "marked" : "" }, children);
  }
}

function between(text, entities, from, to, context) {
  const nodes = [];
  let at = from;
  let rest = entities;
  while (rest.length > 0) {
    const [first, ...others] = rest;
    const start = Math.max(first.offset, at);
    const end = Math.min(first.offset + first.length, to);
    rest = others;
    if (end <= start) continue;
    if (start > at) nodes.push(text.slice(at, start));
    const inside = others.filter((entity) => entity.offset < end);
    nodes.push(wrap(first, text.slice(start, end), between(text, inside, start, end, context), context));
    // what reaches past this entity is continued after it
    rest = others.filter((entity) => entity.offset + entity.length > end);
    // a block ends its line by itself: the line feed after it would be an empty line
    at = BLOCKS.has(first.type) && text[end] === "\n" && end < to ? end + 1 : end;
  }
  if (at < to) nodes.push(text.slice(at, to));
  return nodes;
}

/** Nodes for `text`; `context` is {botUsername, onStart(payload), onCommand(text)}. */
export function richText(text, entities, context) {
  const sorted = [...(entities ?? [])].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return between(text, sorted, 0, text.length, context);
}
