/**
 * The drawer's first leaf: what the bot asked of the Bot API and whether the sandbox accepted it, newest first.
 */

import { fetchRecord, inTurn } from "./api.js";
import { framed, h } from "./dom.js";
import { openText } from "./menus.js";
import { t } from "./words.js";

const KEPT = 500; // calls in memory
const SHOWN = 150; // calls in the list

function call(entry) {
  const isOk = entry.outcome === "ok";
  const time =
    typeof entry.at === "number"
      ? new Date(entry.at * 1000).toLocaleTimeString("en-GB")
      : String(entry.at ?? "").slice(11, 19);
  const detail = entry.description ?? entry.params?.text ?? entry.params?.caption ?? "";
  const verdict = isOk ? t("accepted") : `${t("refused")} ${entry.error_code ?? ""}`;
  const open = () => openText(`${entry.method} · ${entry.n}`, JSON.stringify(entry, null, 2));
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", class: `call${isOk ? "" : " is-refused"}`, onclick: open },
      h("span", { class: "call-line" }, h("b", {}, entry.method), h("small", {}, time)),
      h(
        "span",
        { class: "call-line" },
        h("span", { class: "call-detail" }, String(detail)),
        h("span", { class: "chip" }, verdict, entry.fault ? ` · ${t("byFault")}` : ""),
      ),
    ),
  );
}

export class RecordLeaf {
  constructor(store) {
    this.store = store;
    this.calls = [];
    this.filter = "";
    this.onlyErrors = false;
    this.list = h("ol", { class: "calls" });
    this.fetch = inTurn(() => this.#fetch());
    this.follow = framed(() => this.fetch());
  }

  draw(body) {
    const filter = h("input", {
      type: "search",
      value: this.filter,
      placeholder: t("filter"),
      "aria-label": t("filter"),
      oninput: () => this.#narrow({ filter: filter.value.trim().toLowerCase() }),
    });
    const errors = h("input", {
      type: "checkbox",
      checked: this.onlyErrors,
      onchange: () => this.#narrow({ onlyErrors: errors.checked }),
    });
    body.append(
      h("p", { class: "hint" }, t("recordHint")),
      h("div", { class: "record-tools" }, filter, h("label", {}, errors, t("onlyErrors"))),
      this.list,
    );
    this.#drawCalls();
    this.fetch();
  }

  #narrow(change) {
    Object.assign(this, change);
    this.#drawCalls();
  }

  async #fetch() {
    const newest = this.calls.at(-1)?.n ?? 0;
    const calls = await fetchRecord(newest).then(
      (answer) => answer.calls,
      () => [],
    );
    this.calls = [...this.calls, ...calls].slice(-KEPT);
    if (calls.length > 0) this.#drawCalls();
  }

  /** Forgets all: another server counts from one again. */
  async restart() {
    this.calls = [];
    await this.fetch();
    this.#drawCalls();
  }

  /** Polls that went well say nothing and would bury the rest; they show when asked for by name. */
  #isWanted({ method, outcome }) {
    const isOk = outcome === "ok";
    if (!this.filter && isOk && method === "getUpdates") return false;
    return method.toLowerCase().includes(this.filter) && !(this.onlyErrors && isOk);
  }

  #drawCalls() {
    const shown = this.calls.filter((entry) => this.#isWanted(entry));
    const rows = shown.slice(-SHOWN).reverse().map(call);
    this.list.replaceChildren(...(rows.length > 0 ? rows : [h("li", { class: "hint" }, t("nothingYet"))]));
  }
}
