/**
 * Draws one message (or one album): bubble, buttons under it, service line. Where it stands in the conversation and
 * what a press does are the caller's, who hands both in as `context`:
 * {store, chatId, speakerId, inGroup, botUsername, onPress, onStart, onCommand, onMenu, onCopy, onNotice, onShow}.
 */

import { h, icon } from "./dom.js";
import { album, attachment, gist } from "./media.js";
import { richText, safeHref, startPayload } from "./richtext.js";
import { clock, fullName, t } from "./words.js";

const senderName = (message) => message.sender_chat?.title ?? fullName(message.from);

/** The words of a service message, null for any other. */
export function serviceWords(message) {
  if (message.new_chat_members)
    return t("sJoined", { who: message.new_chat_members.map(fullName).join(", ") });
  if (message.left_chat_member) return t("sLeft", { who: fullName(message.left_chat_member) });
  if (message.group_chat_created || message.supergroup_chat_created)
    return t("sCreated", { title: message.chat?.title ?? "" });
  if (message.migrate_to_chat_id || message.migrate_from_chat_id) return t("sMigrated");
  if (message.new_chat_title) return t("sTitle", { title: message.new_chat_title });
  if (message.pinned_message) return t("sPinned");
  return null;
}

function pressButton(button, message, context) {
  const data = button.callback_data;
  const waits = context.store.isPressed(context.chatId, message.message_id, data);
  return h(
    "button",
    {
      type: "button",
      class: `key${waits ? " is-waiting" : ""}`,
      dataset: { data },
      "aria-busy": waits ? "true" : null,
      title: waits ? t("pressing") : null,
      onclick: () => waits || context.onPress(message.message_id, data),
    },
    button.text,
  );
}

function addressButton(button, context) {
  const payload = startPayload(button.url, context.botUsername);
  if (payload !== null)
    return h(
      "button",
      { type: "button", class: "key", onclick: () => context.onStart(payload) },
      button.text,
    );
  const href = safeHref(button.url);
  if (href === null)
    return h("button", { type: "button", class: "key", disabled: true, title: button.url }, button.text);
  return h(
    "a",
    {
      class: "key",
      href,
      target: "_blank",
      rel: "noopener noreferrer",
      title: `${href} (${t("linkOpens")})`,
    },
    button.text,
    icon("link"),
  );
}

function inlineKey(button, message, context) {
  if (button.callback_data !== undefined) return pressButton(button, message, context);
  if (button.url) return addressButton(button, context);
  if (button.copy_text)
    return h(
      "button",
      { type: "button", class: "key", onclick: () => context.onCopy(button.copy_text.text) },
      button.text,
    );
  return h(
    "button",
    { type: "button", class: "key", onclick: () => context.onNotice(t("notHere")) },
    button.text,
  );
}

function inlineKeyboard(message, context) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows?.length) return null;
  return h(
    "div",
    { class: "keys" },
    rows.map((row) =>
      h(
        "div",
        { class: "keys-row" },
        row.map((button) => inlineKey(button, message, context)),
      ),
    ),
  );
}

function quote(message, context) {
  const original = message.reply_to_message;
  if (!original) return null;
  const show = () => context.onShow(original.message_id);
  return h(
    "button",
    { type: "button", class: "quote", onclick: show },
    h("b", {}, senderName(original)),
    h("span", {}, gist(original)),
  );
}

function words(text, entities, context) {
  return text ? h("div", { class: "words" }, richText(text, entities, context)) : null;
}

/** Messages of one album, or a single one as [message] → its row in the conversation. */
export function bubble(messages, context) {
  const message = messages[0];
  const service = serviceWords(message);
  if (service !== null)
    return h("div", { class: "service", dataset: { messageId: message.message_id } }, service);

  const own = message.from?.id === context.speakerId;
  const captioned = messages.find((one) => one.caption) ?? message;
  const body = messages.length > 1 ? album(messages) : attachment(message);
  const text = message.text
    ? words(message.text, message.entities, context)
    : words(captioned.caption, captioned.caption_entities, context);
  const isBare = Boolean(message.sticker) && !text;
  const label = h(
    "span",
    { class: "stamp" },
    message.edit_date ? h("i", {}, t("edited")) : null,
    h("time", { datetime: new Date(message.date * 1000).toISOString() }, clock(message.date)),
  );
  const more = h(
    "button",
    {
      type: "button",
      class: "bubble-more",
      "aria-label": t("more"),
      onclick: (event) => context.onMenu(event.currentTarget, message),
    },
    icon("down"),
  );

  return h(
    "article",
    {
      class: `message ${own ? "is-own" : "is-other"}${isBare ? " is-bare" : ""}`,
      dataset: { messageId: message.message_id },
    },
    h(
      "div",
      { class: "stack" },
      h(
        "div",
        { class: `bubble${body && !isBare ? " has-body" : ""}` },
        context.inGroup && !own
          ? h(
              "b",
              {
                class: "sender",
                vars: { hue: Math.round((Math.abs(message.from?.id ?? 0) * 137.508) % 360) },
              },
              senderName(message),
            )
          : null,
        message.forward_origin ? h("small", { class: "forward" }, "↪") : null,
        quote(message, context),
        body,
        text,
        body || text ? null : h("p", { class: "undrawn" }, t("cannotDraw", { kind: "?" })),
        label,
        more,
      ),
      inlineKeyboard(message, context),
    ),
  );
}
