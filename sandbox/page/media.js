/**
 * Draws what a message carries besides words: pictures, albums, sound, files, places, contact cards.
 */

import { fileUrl } from "./api.js";
import { avatar, h, icon } from "./dom.js";
import { fullName, seconds, size, t } from "./words.js";

const largest = (photo) => photo.reduce((a, b) => (b.width * b.height > a.width * a.height ? b : a));

function enlarge(url) {
  const dialog = h("dialog", {
    class: "lightbox",
    "aria-label": t("photo"),
    onclick: () => dialog.close(),
    onclose: () => dialog.remove(),
  });
  dialog.append(
    h("img", { src: url, alt: t("photo") }),
    h("button", { type: "button", class: "icon-button", "aria-label": t("ok") }, icon("close")),
  );
  document.body.append(dialog);
  dialog.showModal();
}

function picture(message) {
  const photo = largest(message.photo);
  const url = fileUrl(photo.file_id);
  const image = h("img", {
    src: url,
    alt: message.caption || t("photo"),
    width: photo.width || null,
    height: photo.height || null,
  });
  const open = () => enlarge(url);
  return h(
    "button",
    {
      type: "button",
      class: `picture${message.has_media_spoiler ? " is-veiled" : ""}`,
      "aria-label": t("enlarge"),
      onclick: open,
    },
    image,
  );
}

const film = (file) =>
  h("video", {
    class: "film",
    src: fileUrl(file.file_id),
    controls: true,
    preload: "metadata",
    playsinline: true,
  });

/** Several pictures and films under one caption. */
export function album(messages) {
  const tiles = messages.map((message) => (message.photo ? picture(message) : film(message.video)));
  return h("div", { class: "album", dataset: { count: Math.min(tiles.length, 4) } }, tiles);
}

/** A bar for each slice of the voice; the heights only look like sound, they follow the file's id. */
function waves(id) {
  const heights = Array.from(
    { length: 28 },
    (_, i) => 25 + (((id.charCodeAt(i % id.length) * (i + 7)) % 61) / 61) * 75,
  );
  return h(
    "span",
    { class: "waves", "aria-hidden": "true" },
    heights.map((height) => h("i", { vars: { height: `${height}%` } })),
  );
}

function sound(file, label) {
  const audio = new Audio(fileUrl(file.file_id));
  audio.preload = "none";
  const button = h("button", { type: "button", class: "play", "aria-label": t("play") }, icon("play"));
  const bars = waves(file.file_unique_id ?? file.file_id);
  const show = () => {
    button.replaceChildren(icon(audio.paused ? "play" : "pause"));
    button.setAttribute("aria-label", t(audio.paused ? "play" : "pause"));
  };
  button.addEventListener("click", () => (audio.paused ? audio.play().catch(show) : audio.pause()));
  for (const type of ["play", "pause", "ended"]) audio.addEventListener(type, show);
  audio.addEventListener("timeupdate", () => {
    const part = audio.currentTime / (audio.duration || 1);
    Array.from(bars.children).forEach((bar, i) =>
      bar.classList.toggle("is-played", i / bars.children.length < part),
    );
  });
  return h(
    "div",
    { class: "sound" },
    button,
    bars,
    h("span", { class: "sound-time" }, file.duration ? seconds(file.duration) : label),
  );
}

function paper(file) {
  const name = file.file_name || t("document");
  return h(
    "a",
    { class: "paper", href: fileUrl(file.file_id), download: name, title: t("download") },
    h("span", { class: "paper-icon" }, icon("file")),
    h("span", { class: "paper-words" }, h("b", {}, name), h("small", {}, size(file.file_size))),
  );
}

function place(message) {
  const { latitude, longitude } = message.location ?? message.venue.location;
  const words = `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
  return h(
    "div",
    { class: "place" },
    h(
      "div",
      {
        class: "place-map",
        vars: { x: `${-Math.abs(longitude * 997) % 60}px`, y: `${-Math.abs(latitude * 991) % 60}px` },
      },
      icon("place"),
    ),
    h(
      "div",
      { class: "place-words" },
      message.venue ? h("b", {}, message.venue.title) : null,
      message.venue ? h("span", {}, message.venue.address) : null,
      h("small", {}, words),
    ),
  );
}

function card(contact) {
  const name = fullName(contact);
  return h(
    "div",
    { class: "contact" },
    avatar(contact.user_id ?? 0, name),
    h("span", { class: "paper-words" }, h("b", {}, name), h("small", {}, contact.phone_number)),
  );
}

function sticker(message) {
  const { file_id: id, emoji } = message.sticker;
  return h("img", { class: "sticker", src: fileUrl(id), alt: emoji ?? t("sticker") });
}

const DRAWN = [
  ["photo", picture],
  ["video", (message) => film(message.video)],
  ["animation", (message) => film(message.animation)],
  ["video_note", (message) => film(message.video_note)],
  ["voice", (message) => sound(message.voice, t("voice"))],
  ["audio", (message) => sound(message.audio, message.audio.title ?? t("audio"))],
  ["document", (message) => paper(message.document)],
  ["sticker", sticker],
  ["venue", place],
  ["location", place],
  ["contact", (message) => card(message.contact)],
];
const UNDRAWN = ["poll", "dice", "game", "invoice", "story", "checklist", "paid_media", "giveaway"];

/** The node of a message's attachment, null when it is words only. */
export function attachment(message) {
  const found = DRAWN.find(([kind]) => message[kind]);
  if (found) return found[1](message);
  const unknown = UNDRAWN.find((kind) => message[kind]);
  return unknown ? h("p", { class: "undrawn" }, t("cannotDraw", { kind: unknown })) : null;
}

const NAMED = {
  photo: "photo",
  video: "video",
  voice: "voice",
  audio: "audio",
  document: "document",
  sticker: "sticker",
  location: "locationWord",
  contact: "contact",
};

/** A message in a few words: its text, or what kind of thing it carries. */
export function gist(message) {
  const kind = Object.keys(NAMED).find((key) => message[key]);
  return message.text ?? message.caption ?? (kind ? t(NAMED[kind]) : "…");
}
