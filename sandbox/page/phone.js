/**
 * One phone: whose it is, the conversation on it, and the foot to write with.
 *
 * A phone shows either one person's private chat with the bot or a group, where the speaker is chosen.
 * Which phones there are is board.js's; what people are called and picked from is people.js's.
 */

import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { avatar, framed, h, icon, iconButton, say } from "./dom.js";
import { askEdit, askPayload } from "./forms.js";
import { openMenu, openText } from "./menus.js";
import { openPicker } from "./people.js";
import { fullName, t } from "./words.js";

const drafts = new Map(); // chat id → text not sent yet

export class Phone {
  /** `on` offers switchTo(chatId, phone), close(phone), touched(phone); `chatId` is a person's id or a group's. */
  constructor({ store, chatId, on }) {
    Object.assign(this, { store, chatId, on });
    this.isGroup = store.person(chatId) === undefined;
    this.speakerId = this.isGroup ? (this.speakers[0]?.user_id ?? 0) : chatId;
    this.composer = new Composer(this, drafts.get(chatId) ?? "");
    this.conversation = new Conversation(this.#context(), this.title);
    this.toasts = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
    this.head = h("header", { class: "phone-head" });
    this.element = h(
      "section",
      {
        class: "phone",
        dataset: { chat: chatId },
        "aria-label": this.title,
        tabindex: "-1",
        ondragover: (event) => this.#drag(event, true),
        ondragleave: (event) => this.#drag(event, false),
        ondrop: (event) => this.#drop(event),
      },
      this.head,
      this.conversation.element,
      this.composer.element,
    );
    this.conversation.element.append(this.toasts);
    this.redraw = framed(() => this.update());
    this.#subscribe();
    store.open(chatId);
    this.update();
  }

  #subscribe() {
    const { store } = this;
    this.listeners = [
      ["world", () => this.redraw()],
      ["unread", () => this.redraw()],
      ["chat", (event) => event.detail === this.chatId && this.redraw()],
      ["answer", (event) => event.detail.chat_id === this.chatId && this.#heard(event.detail)],
    ];
    this.listeners.forEach(([type, listener]) => store.addEventListener(type, listener));
  }

  destroy() {
    drafts.set(this.chatId, this.composer.box.value);
    this.listeners.forEach(([type, listener]) => this.store.removeEventListener(type, listener));
    this.conversation.destroy();
    this.element.remove();
  }

  get person() {
    return this.store.person(this.speakerId);
  }

  get group() {
    return this.store.group(this.chatId);
  }

  get title() {
    return this.isGroup ? (this.group?.title ?? "?") : fullName(this.person);
  }

  get people() {
    return this.store.world.people;
  }

  get speakers() {
    const inside = (this.group?.members ?? []).filter(({ status }) => !["left", "kicked"].includes(status));
    return inside.map(({ user_id: id }) => this.store.person(id)).filter(Boolean);
  }

  get keyboard() {
    return this.store.chat(this.chatId).keyboard;
  }

  get commands() {
    return this.store.world.commands_for?.[this.speakerId] ?? [];
  }

  get isBlocked() {
    return Boolean(this.person?.blocked);
  }

  get isGone() {
    return Boolean(this.person?.deactivated);
  }

  get isStarted() {
    return Boolean(this.person?.started);
  }

  update() {
    const { speakers } = this;
    if (this.isGroup && speakers.length > 0 && !speakers.includes(this.person))
      this.speakerId = speakers[0].user_id;
    this.#drawHead();
    this.conversation.update(this.store.messages(this.chatId), this.store.chat(this.chatId).action);
    this.composer.update();
  }

  touched() {
    this.on.touched(this);
  }

  /** Says something on this phone only. */
  notice(text, kind = "plain") {
    say(this.toasts, text, { kind });
  }

  /** Does a deed as the speaker; false after saying why it failed. */
  async act(deed) {
    try {
      await this.mustAct(deed);
      return true;
    } catch (error) {
      this.notice(t("failed", { error: error.message }), "bad");
      return false;
    }
  }

  async mustAct(deed) {
    await this.store.act({ user_id: this.speakerId, chat_id: this.chatId, ...deed });
    this.conversation.toEnd();
  }

  #context() {
    const phone = this;
    return {
      store: this.store,
      chatId: this.chatId,
      inGroup: this.isGroup,
      get speakerId() {
        return phone.speakerId;
      },
      get bot() {
        return phone.store.world.bot;
      },
      get botUsername() {
        return phone.store.world.bot.username;
      },
      onPress: (messageId, data) => this.#press(messageId, data),
      onStart: (payload) => this.act({ do: "start", payload, chat_id: this.speakerId }),
      onCommand: (text) => this.act({ do: "text", text }),
      onMenu: (anchor, message) => this.#openMessageMenu(anchor, message),
      onCopy: (text) => this.#copy(text),
      onNotice: (text) => this.notice(text),
      onShow: (messageId) => this.conversation.show(messageId),
    };
  }

  async #press(messageId, data) {
    this.touched();
    try {
      await this.store.press({ chatId: this.chatId, userId: this.speakerId, messageId, data });
    } catch (error) {
      this.notice(t("failed", { error: error.message }), "bad");
    }
  }

  #heard({ user_id: userId, text, show_alert: isAlert }) {
    if (!text) return;
    const words = this.isGroup ? `${fullName(this.store.person(userId))}: ${text}` : text;
    if (isAlert) this.#alert(words);
    else this.notice(words);
  }

  #alert(text) {
    const back = document.activeElement;
    const close = () => {
      cover.remove();
      back?.isConnected && back.focus();
    };
    const ok = h("button", { type: "button", class: "button is-main", onclick: close }, t("ok"));
    const cover = h(
      "div",
      {
        class: "alert",
        role: "alertdialog",
        "aria-modal": "true",
        "aria-label": text,
        onkeydown: (event) => event.key === "Escape" && close(),
      },
      h("div", { class: "alert-box" }, h("p", {}, text), ok),
    );
    this.element.append(cover);
    ok.focus();
  }

  async #copy(text) {
    await navigator.clipboard?.writeText(text).catch(() => undefined);
    this.notice(t("copied"));
  }

  #subtitle() {
    if (this.isGroup)
      return ["left", "kicked"].includes(this.group?.bot)
        ? t("botLeft")
        : t("members", { n: this.speakers.length });
    const { person } = this;
    if (person?.blocked) return t("isBlocked");
    const note = person?.note || (person?.username ? `@${person.username}` : "");
    return note || (person?.started ? "" : t("notStarted"));
  }

  #drawHead() {
    const { world } = this.store;
    const signature = JSON.stringify([
      this.title,
      this.#subtitle(),
      this.isGone,
      this.speakerId,
      this.isGroup && this.speakers,
      world.bot,
      t("more"),
    ]);
    if (signature === this.headSignature) return;
    this.headSignature = signature;
    this.element.setAttribute("aria-label", this.title);
    const who = h(
      "button",
      {
        type: "button",
        class: "who",
        "aria-haspopup": "listbox",
        "aria-label": `${this.title} – ${t("choose")}`,
        title: t("choose"),
        onclick: () => openPicker(who, this.store, this.chatId, (chatId) => this.on.switchTo(chatId, this)),
      },
      avatar(this.chatId, this.title, this.isGroup ? "group" : "person"),
      h("span", { class: "who-words" }, h("b", {}, this.title), h("small", {}, this.#subtitle())),
      icon("down"),
    );
    const more = iconButton("more", t("more"), () => this.#openPhoneMenu(more), { "aria-haspopup": "menu" });
    const children = [
      h(
        "div",
        { class: "phone-bar" },
        who,
        more,
        iconButton("close", t("closePhone"), () => this.on.close(this)),
      ),
    ];
    if (this.isGroup) children.push(this.#speakerBar());
    this.head.replaceChildren(...children);
  }

  #speakerBar() {
    const speak = (person) => {
      this.speakerId = person.user_id;
      this.update();
      this.composer.focus();
    };
    return h(
      "div",
      { class: "speakers", role: "group", "aria-label": t("speaksAs") },
      this.speakers.map((person) =>
        h(
          "button",
          {
            type: "button",
            class: "speaker",
            "aria-pressed": String(person.user_id === this.speakerId),
            onclick: () => speak(person),
          },
          avatar(person.user_id, fullName(person)),
          fullName(person),
        ),
      ),
    );
  }

  #openPhoneMenu(anchor) {
    const { person } = this;
    const facts = this.isGroup
      ? [`${this.group?.type ?? ""} · ${this.chatId}`]
      : [
          `ID ${person.user_id}`,
          person.username && `@${person.username}`,
          person.phone,
          person.language_code && t("langOf", { code: person.language_code }),
        ];
    const head = h("p", { class: "menu-note" }, facts.filter(Boolean).join(" · "));
    if (this.isGone) return openMenu(anchor, [], { head });
    return openMenu(anchor, this.isGroup ? this.#groupItems() : this.#personItems(), { head });
  }

  #personItems() {
    return [
      {
        icon: "link",
        label: t("openLink"),
        onclick: () =>
          askPayload((payload) => this.mustAct(payload ? { do: "start", payload } : { do: "start" })),
      },
      this.isBlocked
        ? { icon: "check", label: t("unblock"), onclick: () => this.act({ do: "unblock" }) }
        : { icon: "close", label: t("block"), danger: true, onclick: () => this.act({ do: "block" }) },
      { icon: "close", label: t("deactivate"), danger: true, onclick: () => this.act({ do: "deactivate" }) },
    ];
  }

  #groupItems() {
    const outside = this.people.filter((person) => !this.speakers.includes(person));
    return [
      ...outside.slice(0, 8).map((person) => ({
        icon: "plus",
        label: `${fullName(person)} · ${t("joins")}`,
        onclick: () => this.act({ do: "join", user_id: person.user_id }),
      })),
      "-",
      {
        icon: "close",
        label: `${fullName(this.person)} · ${t("leaves")}`,
        onclick: () => this.act({ do: "leave" }),
      },
      this.group?.type === "group"
        ? { icon: "group", label: t("migrates"), onclick: () => this.act({ do: "migrate" }) }
        : null,
      { icon: "close", label: t("removesBot"), danger: true, onclick: () => this.act({ do: "remove_bot" }) },
    ];
  }

  #openMessageMenu(anchor, message) {
    const text = message.text ?? message.caption;
    const isOwnText = message.from?.id === this.speakerId && message.text;
    openMenu(anchor, [
      { icon: "reply", label: t("reply"), onclick: () => this.composer.answer(message) },
      isOwnText
        ? {
            icon: "language",
            label: t("edit"),
            onclick: () =>
              askEdit(message.text, (words) =>
                this.mustAct({ do: "edit", message_id: message.message_id, text: words }),
              ),
          }
        : null,
      text ? { icon: "file", label: t("copy"), onclick: () => this.#copy(text) } : null,
      {
        icon: "tools",
        label: t("source"),
        onclick: () => openText(`message_id ${message.message_id}`, JSON.stringify(message, null, 2)),
      },
    ]);
  }

  #drag(event, over) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.element.classList.toggle("is-drop", over);
    this.element.dataset.drop = t("dropHere");
  }

  #drop(event) {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    this.element.classList.remove("is-drop");
    this.composer.take([...event.dataTransfer.files]);
  }
}
