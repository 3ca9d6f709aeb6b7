/**
 * The scrolling log of one conversation: which rows there are and in what order, what is drawn anew, where it scrolls.
 * One row's look is bubble.js's.
 */

import { bubble, serviceWords } from "./bubble.js";
import { avatar, h, icon } from "./dom.js";
import { day, language, t } from "./words.js";

const NEAR = 90; // px from the end that still count as "at the end"

/** Consecutive messages of one album become one row; a new day gets a row of its own. */
function rowsOf(messages) {
  const rows = [];
  let lastDay = null;
  for (const message of messages) {
    const today = new Date(message.date * 1000).toDateString();
    if (today !== lastDay) rows.push({ key: `day ${today}`, day: message.date });
    lastDay = today;
    const last = rows.at(-1);
    const joins =
      message.media_group_id && last.album === message.media_group_id && (message.photo || message.video);
    if (joins) last.messages.push(message);
    else
      rows.push({
        key: `message ${message.message_id}`,
        messages: [message],
        album: message.photo || message.video ? message.media_group_id : null,
      });
  }
  return rows;
}

export class Conversation {
  /** `context` is what bubble.js asks for; it is read at each draw. */
  constructor(context, name) {
    this.context = context;
    this.drawn = new Map(); // row key → {signature, content, element, count of messages}
    this.log = h("div", {
      class: "log",
      role: "log",
      "aria-live": "polite",
      "aria-label": t("conversation", { name }),
      tabindex: "0",
      onscroll: () => this.#scrolled(),
    });
    this.typing = h("div", { class: "typing", hidden: true });
    this.jump = h(
      "button",
      { type: "button", class: "jump", hidden: true, onclick: () => this.toEnd() },
      icon("arrow"),
      t("newBelow"),
    );
    this.element = h("div", { class: "conversation" }, this.log, this.jump);
    this.resizer = new ResizeObserver(() => this.stays && this.toEnd());
    this.resizer.observe(this.log);
    this.stays = true;
    this.first = true;
  }

  destroy() {
    this.resizer.disconnect();
  }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
    this.stays = true;
    this.shape = this.#shape();
    this.jump.hidden = true;
  }

  #shape() {
    return `${this.log.clientHeight}/${this.log.scrollHeight}`;
  }

  /** Scrolls to a message and lets it glow. */
  show(messageId) {
    const element = this.log.querySelector(`[data-message-id="${Number(messageId)}"]`);
    element?.scrollIntoView({ block: "center", behavior: "smooth" });
    element?.classList.add("is-shown");
    setTimeout(() => element?.classList.remove("is-shown"), 1200);
  }

  /** A person's scrolling leaves the end or returns to it; when it was the layout that moved, the log stays at its end. */
  #scrolled() {
    if (this.stays && this.shape !== this.#shape()) return this.toEnd();
    this.stays = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR;
    if (this.stays) this.jump.hidden = true;
    return null;
  }

  #signature(row) {
    const { store, chatId, speakerId } = this.context;
    const pressed = store.presses
      .filter(
        (press) => press.chatId === chatId && row.messages?.some((m) => m.message_id === press.messageId),
      )
      .map((press) => press.data);
    return JSON.stringify([language(), speakerId, row.day, row.messages, pressed]);
  }

  #draw(row) {
    const element = row.day
      ? h("div", { class: "day" }, h("span", {}, day(row.day)))
      : bubble(row.messages, this.context);
    for (const image of element.querySelectorAll("img, video")) {
      const settle = () => this.stays && this.toEnd();
      image.addEventListener(image.tagName === "IMG" ? "load" : "loadedmetadata", settle, { once: true });
    }
    return element;
  }

  /** Brings the log to `messages` (oldest first); rows that stay the same keep their nodes, so playing voices go on. */
  update(messages, action) {
    const rows = rowsOf(messages);
    const next = new Map();
    let arrived = null;
    for (const row of rows) {
      const signature = this.#signature(row);
      const content = JSON.stringify(
        row.messages?.map((m) => [m.text, m.caption, m.photo, m.document, m.edit_date]),
      );
      const old = this.drawn.get(row.key);
      if (old?.signature === signature) {
        next.set(row.key, old);
        continue;
      }
      const element = this.#draw(row);
      if (!old && !this.first && !row.day) {
        element.classList.add("is-new");
        arrived = row.messages[0].from?.id === this.context.speakerId ? "own" : "other";
      }
      if (old && old.content !== content && old.count === row.messages?.length)
        element.classList.add("is-edited");
      const focused = old?.element.contains(document.activeElement)
        ? document.activeElement.dataset.data
        : undefined;
      next.set(row.key, { signature, content, element, count: row.messages?.length });
      if (old && old.element.parentNode === this.log) old.element.replaceWith(element);
      if (focused !== undefined)
        [...element.querySelectorAll("[data-data]")].find((key) => key.dataset.data === focused)?.focus();
    }
    this.#place(next, messages, action);
    if (this.first || this.stays || arrived === "own") this.toEnd();
    else if (arrived === "other") this.jump.hidden = false;
    if (rows.length > 0) this.first = false;
  }

  #place(next, messages, action) {
    for (const [key, old] of this.drawn) if (next.get(key)?.element !== old.element) old.element.remove();
    const wanted = [...next.values()].map((row) => row.element);
    if (wanted.length === 0) wanted.push(this.#empty());
    this.log.querySelector(".log-empty")?.remove();
    this.typing.hidden = action === null;
    this.typing.replaceChildren(
      h("i"),
      h("i"),
      h("i"),
      h("span", { class: "unseen" }, action ? t(action.action) : ""),
    );
    wanted.push(this.typing);
    let at = this.log.firstChild;
    for (const element of wanted) {
      if (element === at) at = at.nextSibling;
      else this.log.insertBefore(element, at);
    }
    this.drawn = next;
    this.#group(messages);
  }

  #empty() {
    const { bot } = this.context;
    return h(
      "div",
      { class: "log-empty" },
      avatar(bot.id, bot.first_name || "·", "bot"),
      h("b", {}, bot.first_name),
      h("span", {}, t("empty")),
    );
  }

  /** Bubbles of one sender in a row stand closer together. */
  #group(messages) {
    let before = null;
    for (const message of messages) {
      const row = this.drawn.get(`message ${message.message_id}`);
      if (!row) continue;
      const close =
        before !== null &&
        before.from?.id === message.from?.id &&
        message.date - before.date < 300 &&
        serviceWords(before) === null;
      row.element.classList.toggle("is-follow", close);
      before = message;
    }
  }
}
