/**
 * The keyboard a bot puts in place of the person's own (ReplyKeyboardMarkup), and the button that folds it away.
 */

import { h, iconButton } from "./dom.js";
import { t } from "./words.js";

export class ReplyKeys {
  /** Handlers: text(text), contact(), place(), notHere(). */
  constructor(handlers) {
    this.handlers = handlers;
    this.markup = null;
    this.signature = "null";
    this.folded = false;
    this.element = h("div", { class: "reply-keys", hidden: true });
    this.toggle = iconButton("keyboard", t("showKeyboard"), () => this.#fold(!this.folded), { hidden: true });
  }

  /** Takes the chat's ReplyKeyboardMarkup or null. */
  update(markup) {
    const signature = JSON.stringify(markup);
    if (signature === this.signature) return;
    this.signature = signature;
    this.markup = markup?.keyboard ? markup : null;
    this.#draw();
    this.#fold(false);
  }

  /** A one-time keyboard folds after its use. */
  used() {
    if (this.markup?.one_time_keyboard) this.#fold(true);
  }

  #fold(folded) {
    this.folded = folded;
    this.element.hidden = this.markup === null || folded;
    this.toggle.hidden = this.markup === null;
    const label = t(folded ? "showKeyboard" : "hideKeyboard");
    this.toggle.setAttribute("aria-label", label);
    this.toggle.setAttribute("aria-expanded", String(!folded));
    this.toggle.title = label;
  }

  #draw() {
    const rows = this.markup?.keyboard ?? [];
    this.element.classList.toggle("is-tall", !this.markup?.resize_keyboard);
    this.element.replaceChildren(
      ...rows.map((row) =>
        h(
          "div",
          { class: "keys-row" },
          row.map((key) => this.#key(key)),
        ),
      ),
    );
  }

  #key(key) {
    const button = typeof key === "string" ? { text: key } : key;
    const { text, contact, place, notHere } = this.handlers;
    const elsewhere = button.request_poll || button.request_users || button.request_chat || button.web_app;
    const deed = button.request_contact
      ? contact
      : button.request_location
        ? place
        : elsewhere
          ? notHere
          : () => text(button.text);
    return h("button", { type: "button", class: "reply-key", onclick: () => deed() }, button.text);
  }
}
