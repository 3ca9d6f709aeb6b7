/**
 * The drawer's other leaves: rate limits, and faults on demand. They show and send what the control API knows.
 */

import { setFaults, setLimits } from "./api.js";
import { h } from "./dom.js";
import { t } from "./words.js";

const CHANCES = ["delay", "drop", "malformed", "cut", "too_many", "server_error", "duplicate", "reorder"];
const PRESETS = [
  ["presetClear", {}],
  ["presetWeak", { delay: 0.5, delay_seconds: 1.5, drop: 0.05 }],
  ["presetBusy", { too_many: 0.25, retry_after: 3 }],
  ["presetStorm", { server_error: 0.2, cut: 0.1, malformed: 0.05, duplicate: 0.3, reorder: 0.3 }],
  ["presetDead", { dead_seconds: 15 }],
];

/** Sends, says in `note` how it went, and fetches the world anew. True when it was taken. */
async function apply(store, note, sending) {
  const error = await sending.then(
    () => null,
    (failure) => failure,
  );
  note.textContent = error ? t("failed", { error: error.message }) : t("applied");
  await store.refetchWorld();
  return error === null;
}

export class LimitsLeaf {
  constructor(store) {
    this.store = store;
  }

  draw(body) {
    const { limits, limits_mode: mode = "bucket" } = this.store.world;
    const note = h("p", { class: "hint", role: "status" });
    const send = () =>
      apply(
        this.store,
        note,
        setLimits({ on: on.checked, mode: body.querySelector("[name=mode]:checked").value }),
      );
    const on = h("input", { type: "checkbox", checked: Boolean(limits), onchange: send });
    const choice = (value, words) =>
      h(
        "label",
        { class: "field is-check" },
        h("span", {}, words),
        h("input", { type: "radio", name: "mode", value, checked: value === mode, onchange: send }),
      );
    body.append(
      h("p", { class: "hint" }, t("limitsHint")),
      h("label", { class: "field is-check" }, h("span", {}, t("limitsOn")), on),
      choice("bucket", t("bucket")),
      choice("window", t("windowMode")),
      note,
    );
  }
}

export class FaultsLeaf {
  constructor(store) {
    this.store = store;
  }

  draw(body) {
    const { dead, ...plan } = this.store.world.faults ?? {};
    const note = h("p", { class: "hint", role: "status" }, dead ? t("isDead") : "");
    const send = async (wanted) => {
      if (await apply(this.store, note, setFaults(wanted))) this.#redraw(body, note.textContent);
    };
    const presets = PRESETS.map(([key, wanted]) =>
      h("button", { type: "button", class: "button is-small", onclick: () => send(wanted) }, t(key)),
    );
    const numbers = [
      ["delay_seconds", 0.1],
      ["retry_after", 1],
      ["seed", 1],
    ].map(([name, step]) => this.#number(name, plan[name] ?? 0, step));
    const script = h("textarea", {
      class: "plan",
      rows: 4,
      spellcheck: false,
      "aria-label": t("script"),
      placeholder: '[{"kind": "drop", "nth": 3, "method": "sendMessage"}]',
    });
    script.value = plan.script?.length ? JSON.stringify(plan.script, null, 1) : "";
    const submit = (event) => {
      event.preventDefault();
      try {
        send(this.#read(new FormData(form), script.value, plan.methods));
      } catch (error) {
        note.textContent = t("badJson", { error: error.message });
      }
    };
    const form = h(
      "form",
      { class: "faults", onsubmit: submit },
      CHANCES.map((name) => this.#chance(name, plan[name] ?? 0)),
      h("div", { class: "numbers" }, numbers),
      h("label", { class: "field" }, h("span", {}, t("script")), script),
      h("button", { type: "submit", class: "button is-main" }, t("apply")),
    );
    body.append(
      h("p", { class: "hint" }, t("faultsHint")),
      h("div", { class: "row", role: "group", "aria-label": t("presets") }, presets),
      note,
      form,
    );
  }

  #redraw(body, said) {
    body.replaceChildren();
    this.draw(body);
    body.querySelector("[role=status]").textContent = said;
  }

  #chance(name, value) {
    const percent = h("output", {}, `${Math.round(value * 100)} %`);
    const slider = h("input", {
      type: "range",
      name,
      min: "0",
      max: "100",
      step: "1",
      value: String(Math.round(value * 100)),
      oninput: () => (percent.textContent = `${slider.value} %`),
    });
    return h("label", { class: "chance", title: name }, h("span", {}, t(`fault_${name}`)), slider, percent);
  }

  #number(name, value, step) {
    return h(
      "label",
      { class: "field" },
      h("span", {}, t(name)),
      h("input", { type: "number", name, min: "0", step: String(step), value: String(value) }),
    );
  }

  #read(data, script, methods) {
    const chances = CHANCES.map((name) => [name, Number(data.get(name)) / 100]);
    const numbers = {
      delay_seconds: Number(data.get("delay_seconds")),
      retry_after: Number(data.get("retry_after")),
      seed: Number(data.get("seed")),
    };
    return {
      ...Object.fromEntries(chances),
      ...numbers,
      script: script.trim() ? JSON.parse(script) : [],
      methods: methods ?? null,
    };
  }
}
