/**
 * The dialogs by which people, groups, places and contacts come into being, and what they ask of the control API.
 */

import * as api from "./api.js";
import { openForm } from "./menus.js";
import { fullName, t } from "./words.js";

const PLACES = [
  ["39.92190,116.44350", "北京 · 朝阳 Beijing"],
  ["31.23040,121.47370", "上海 · 黄浦 Shanghai"],
  ["30.57280,104.06680", "成都 · 锦江 Chengdu"],
  ["23.12910,113.26440", "广州 · 越秀 Guangzhou"],
  ["30.25920,120.13090", "杭州 · 西湖 Hangzhou"],
];

const filled = (values) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== "" && value !== null));

/** `onAdded(person)` hears of the new person. */
export function askPerson(onAdded) {
  openForm({
    title: t("addPerson"),
    action: t("add"),
    fields: [
      { name: "first_name", label: t("firstName"), required: true, maxlength: 64, placeholder: "王小梅" },
      { name: "last_name", label: t("lastName"), maxlength: 64 },
      {
        name: "username",
        label: t("username"),
        maxlength: 32,
        pattern: "[A-Za-z][A-Za-z0-9_]{3,31}",
        placeholder: "wang_xiaomei",
      },
      {
        name: "language_code",
        label: t("languageCode"),
        kind: "select",
        value: "zh",
        options: [
          ["zh", "中文 (zh)"],
          ["en", "English (en)"],
          ["", "–"],
        ],
      },
      { name: "phone", label: t("phone"), maxlength: 24, placeholder: "+86 138 0000 0000" },
    ],
    submit: async (values) =>
      onAdded(await api.addPerson({ ...filled(values), language_code: values.language_code || null })),
  });
}

/** `onAdded(group)` hears of the new group. */
export function askGroup(people, onAdded) {
  const options = people.map((person) => [person.user_id, fullName(person)]);
  openForm({
    title: t("addGroup"),
    action: t("add"),
    fields: [
      { name: "title", label: t("title"), required: true, maxlength: 128, placeholder: "3 栋邻里群" },
      { name: "creator", label: t("creator"), kind: "select", options },
      { name: "members", label: t("who"), kind: "many", options },
      { name: "supergroup", label: t("supergroup"), kind: "check" },
    ],
    submit: async ({ title, creator, members, supergroup }) => {
      const ids = members.map(Number);
      if (ids.length === 0) throw new Error(t("needTwo"));
      onAdded(
        await api.addGroup({
          title,
          creator: Number(creator),
          members: [...new Set([Number(creator), ...ids])],
          supergroup,
        }),
      );
    },
  });
}

/** `send({latitude, longitude})` may throw. */
export function askPlace(send) {
  const [first] = PLACES;
  const [latitude, longitude] = first[0].split(",");
  openForm({
    title: t("sharePlace"),
    action: t("send"),
    fields: [
      { name: "preset", label: t("place"), kind: "select", options: [...PLACES, ["", t("typed")]] },
      {
        name: "latitude",
        label: t("latitude"),
        kind: "number",
        step: "any",
        required: true,
        value: latitude,
      },
      {
        name: "longitude",
        label: t("longitude"),
        kind: "number",
        step: "any",
        required: true,
        value: longitude,
      },
    ],
    onready: (form) => {
      const { preset, latitude: lat, longitude: lon } = form.elements;
      preset.addEventListener("change", () => {
        if (preset.value) [lat.value, lon.value] = preset.value.split(",");
        else lat.select();
      });
      for (const field of [lat, lon]) field.addEventListener("input", () => (preset.value = ""));
    },
    submit: (values) => send({ latitude: Number(values.latitude), longitude: Number(values.longitude) }),
  });
}

/** `send({phone_number, first_name, contact_user_id})` may throw. */
export function askContact(people, send) {
  openForm({
    title: t("otherContact"),
    action: t("send"),
    fields: [
      {
        name: "who",
        label: t("who"),
        kind: "select",
        options: people.map((person) => [person.user_id, fullName(person)]),
      },
    ],
    submit: ({ who }) => {
      const person = people.find((one) => one.user_id === Number(who));
      return send({
        phone_number: person.phone ?? "+86 000",
        first_name: fullName(person),
        contact_user_id: person.user_id,
      });
    },
  });
}

/** `send(payload)` may throw. */
export function askPayload(send) {
  openForm({
    title: t("openLink"),
    action: t("open"),
    fields: [
      {
        name: "payload",
        label: t("startCode"),
        placeholder: "u-3-2",
        pattern: "[A-Za-z0-9_\\-]{0,64}",
        title: t("payloadRule"),
      },
    ],
    submit: ({ payload }) => send(payload),
  });
}

/** `send(text)` may throw. */
export function askEdit(text, send) {
  openForm({
    title: t("editing"),
    action: t("ok"),
    fields: [{ name: "text", label: t("editing"), required: true, value: text, maxlength: 4096 }],
    submit: (values) => send(values.text),
  });
}
