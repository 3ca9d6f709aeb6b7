/**
 * The developers' drawer: a shell with three leaves. What is on them is record.js's and trouble.js's.
 */

import { h, iconButton } from "./dom.js";
import { RecordLeaf } from "./record.js";
import { FaultsLeaf, LimitsLeaf } from "./trouble.js";
import { t } from "./words.js";

export class Drawer {
  /** `onToggle()` hears when it opens or closes. */
  constructor(store, { onToggle }) {
    this.onToggle = onToggle;
    this.leaves = {
      record: new RecordLeaf(store),
      limits: new LimitsLeaf(store),
      faults: new FaultsLeaf(store),
    };
    this.tab = "record";
    this.element = h("aside", { class: "drawer", hidden: true });
    store.addEventListener("record", () => this.#showsRecord && this.leaves.record.follow());
    store.addEventListener(
      "connection",
      () => store.connected && this.#showsRecord && this.leaves.record.restart(),
    );
    store.addEventListener(
      "world",
      () =>
        this.isOpen && !this.#showsRecord && !this.element.contains(document.activeElement) && this.draw(),
    );
  }

  get isOpen() {
    return !this.element.hidden;
  }

  get #showsRecord() {
    return this.isOpen && this.tab === "record";
  }

  toggle() {
    this.element.hidden = this.isOpen;
    if (this.isOpen) {
      this.draw();
      this.#focusTab();
    }
    this.onToggle();
  }

  #focusTab() {
    this.element.querySelector("[role=tab][aria-selected=true]").focus();
  }

  #choose(tab) {
    this.tab = tab;
    this.draw();
    this.#focusTab();
  }

  #walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const names = Object.keys(this.leaves);
    this.#choose(names.at((names.indexOf(this.tab) + step) % names.length));
  }

  draw() {
    this.element.setAttribute("aria-label", t("tools"));
    const tabs = Object.keys(this.leaves).map((tab) => {
      const isOn = tab === this.tab;
      return h(
        "button",
        {
          type: "button",
          role: "tab",
          class: "tab",
          "aria-selected": String(isOn),
          tabindex: isOn ? "0" : "-1",
          onclick: () => this.#choose(tab),
        },
        t(tab),
      );
    });
    const body = h("div", { class: "drawer-body", role: "tabpanel", "aria-label": t(this.tab) });
    const list = h(
      "div",
      { role: "tablist", class: "tabs", "aria-label": t("tools"), onkeydown: (event) => this.#walk(event) },
      tabs,
    );
    this.element.replaceChildren(
      h(
        "header",
        { class: "drawer-head" },
        list,
        iconButton("close", t("close"), () => this.toggle()),
      ),
      body,
    );
    this.leaves[this.tab].draw(body);
  }
}
