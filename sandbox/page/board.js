/**
 * Which phones lie on the table, in what order, and which of them is looked at on a narrow screen, where there is one at a time.
 * The choice outlives a reload. A phone whose owner is gone (another world after a restart) is given to someone else.
 */

import { h, icon } from "./dom.js";
import { askPerson } from "./forms.js";
import { everyone } from "./people.js";
import { Phone } from "./phone.js";
import { t } from "./words.js";

const KEY = "sandbox.phones";
const AT_FIRST = 3;
const narrow = matchMedia("(max-width: 720px)");

const remembered = () => {
  try {
    const ids = JSON.parse(localStorage.getItem(KEY));
    return Array.isArray(ids) ? ids : null;
  } catch {
    return null;
  }
};

export class Board {
  /** `onChange()` hears when phones come, go or get the front. */
  constructor({ onChange }) {
    this.onChange = onChange;
    this.phones = [];
    this.active = null;
    this.moved = new Map(); // a group's id → the id it has as a supergroup
    this.store = null;
    this.element = h("main", { class: "board", "aria-label": t("phones") });
    narrow.addEventListener("change", () => this.#front(this.active));
    document.addEventListener("visibilitychange", () => this.#markRead());
  }

  attach(store) {
    this.store = store;
    store.addEventListener("world", () => this.reconcile());
    store.addEventListener("migrated", ({ detail }) => this.#follow(detail));
  }

  isOnScreen(chatId) {
    if (document.hidden) return false;
    return this.phones.some((phone) => phone.chatId === chatId && (!narrow.matches || phone === this.active));
  }

  shown() {
    return {
      on: this.phones.map((phone) => phone.chatId),
      active: narrow.matches ? this.active?.chatId : null,
    };
  }

  /** Keeps the phones whose owners exist; hands out the first ones when there are none. */
  reconcile() {
    const ids = everyone(this.store.world).map((one) => one.chatId);
    for (const phone of this.phones.filter((one) => !ids.includes(one.chatId))) {
      const next = this.moved.get(phone.chatId);
      const isFree = ids.includes(next) && !this.phones.some((one) => one.chatId === next);
      if (isFree) this.switchTo(next, phone);
      else this.#drop(phone);
    }
    if (this.phones.length === 0) {
      const before = (remembered() ?? []).filter((id) => ids.includes(id));
      const wanted = before.length > 0 ? before : ids.slice(0, AT_FIRST);
      for (const chatId of wanted) this.phones.push(this.#phone(chatId));
    }
    if (!this.phones.includes(this.active)) this.active = this.phones[0] ?? null;
    this.#draw();
  }

  /** Brings a conversation to the front: its phone if it has one, else another phone (on a narrow screen, this one). */
  open(chatId) {
    const there = this.phones.find((phone) => phone.chatId === chatId);
    if (there) return this.#front(there, { focus: true });
    if (narrow.matches && this.active) return this.switchTo(chatId, this.active);
    const phone = this.#phone(chatId);
    this.phones.push(phone);
    this.#draw();
    return this.#front(phone, { focus: true });
  }

  switchTo(chatId, phone) {
    const there = this.phones.find((one) => one.chatId === chatId);
    if (there) return this.#front(there, { focus: true });
    const next = this.#phone(chatId);
    this.phones[this.phones.indexOf(phone)] = next;
    phone.destroy();
    this.#draw();
    return this.#front(next, { focus: true });
  }

  /** Draws everything anew, after the language has changed. */
  renew() {
    const ids = this.phones.map((phone) => phone.chatId);
    const at = this.phones.indexOf(this.active);
    this.phones.forEach((phone) => phone.destroy());
    this.phones = ids.map((chatId) => this.#phone(chatId));
    this.active = this.phones[at] ?? null;
    this.element.setAttribute("aria-label", t("phones"));
    this.element.replaceChildren();
    this.#draw();
  }

  #phone(chatId) {
    const on = {
      switchTo: (id, phone) => this.switchTo(id, phone),
      close: (phone) => this.#close(phone),
      touched: (phone) => this.#touched(phone),
    };
    return new Phone({ store: this.store, chatId, on });
  }

  #touched(phone) {
    this.active = phone;
  }

  #close(phone) {
    this.#drop(phone);
    this.active = this.phones.includes(this.active) ? this.active : (this.phones[0] ?? null);
    this.#draw();
  }

  #drop(phone) {
    this.phones = this.phones.filter((one) => one !== phone);
    phone.destroy();
  }

  #follow({ from, to }) {
    this.moved.set(from, to);
    this.store.refetchWorld();
  }

  #front(phone, { focus = false } = {}) {
    this.active = phone;
    this.#mark();
    if (phone === null) return;
    phone.conversation.toEnd();
    if (focus) (narrow.matches ? phone.element : phone.composer).focus({ preventScroll: true });
    // a snapping table holds on to what it showed while it is laid out anew, so it is scrolled after that
    requestAnimationFrame(() => phone.element.scrollIntoView({ block: "nearest", inline: "center" }));
  }

  #draw() {
    localStorage.setItem(KEY, JSON.stringify(this.phones.map((phone) => phone.chatId)));
    const wanted =
      this.phones.length > 0
        ? [...this.phones.map((phone) => phone.element), this.#another()]
        : [this.#welcome()];
    const same = wanted.every(
      (element, i) =>
        this.element.children[i] === element || (i === wanted.length - 1 && this.phones.length > 0),
    );
    if (!same || this.element.children.length !== wanted.length) this.element.replaceChildren(...wanted);
    this.#mark();
  }

  #mark() {
    for (const phone of this.phones) phone.element.classList.toggle("is-active", phone === this.active);
    this.#markRead();
    this.onChange();
  }

  #markRead() {
    for (const phone of this.phones) if (this.isOnScreen(phone.chatId)) this.store.markRead(phone.chatId);
  }

  #another() {
    const next = () =>
      everyone(this.store.world).find((one) => !this.phones.some((phone) => phone.chatId === one.chatId));
    const open = () =>
      next() ? this.open(next().chatId) : askPerson((person) => this.openWhenKnown(person.user_id));
    return h(
      "button",
      { type: "button", class: "another", onclick: open },
      icon("plus"),
      h("span", {}, t("openPhone")),
    );
  }

  #welcome() {
    return h(
      "div",
      { class: "welcome" },
      icon("home"),
      h("h2", {}, t("noPeople")),
      h("p", {}, t("noPeopleHint")),
      h(
        "button",
        {
          type: "button",
          class: "button is-main is-big",
          onclick: () => askPerson((person) => this.openWhenKnown(person.user_id)),
        },
        t("addPerson"),
      ),
    );
  }

  /** Opens someone who has just been added, once the world tells of them. */
  async openWhenKnown(chatId) {
    await this.store.refetchWorld();
    this.open(chatId);
  }
}
