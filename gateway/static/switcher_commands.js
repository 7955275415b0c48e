/** What the switcher does besides: the commands behind `>`. */

import { optional } from "./dom.js";
import { t } from "./i18n.js";
import { placeIn } from "./marks.js";
import { plainChoice } from "./switcher_options.js";
import { switchTheme } from "./theme.js";

/** @import { Choice } from "./switcher_options.js" */

/** @param {string} text part of their names @returns {Choice[]} */
export function commands(text) {
  return all().filter(({ title }) => !text || placeIn(String(title[0]), text) >= 0);
}

/** @returns {Choice[]} */
function all() {
  const group = "commands";
  const managing = optional(document, 'a[href="/admin"]');
  return [
    { ...plainChoice({ group, href: "#", icon: "theme", text: t("Light/dark") }), act: switchTheme },
    { ...plainChoice({ group, href: "#read", icon: "ticks", text: t("All read") }), act: markAllRead },
    plainChoice({ group, href: "/settings", icon: "settings", text: t("Settings") }),
    plainChoice({ group, href: "/?show=all#name", icon: "plus", text: t("Make a room") }),
    plainChoice({ group, href: "/rooms", icon: "room", text: t("All rooms") }),
    plainChoice({ group, href: "/mentions", icon: "mention", text: t("Mentions") }),
    plainChoice({ group, href: "/video", icon: "video", text: t("Live video") }),
    ...(managing ? [plainChoice({ group, href: "/admin", icon: "manage", text: t("Manage this server") })] : []),
    plainChoice({ group, href: "/logout", icon: "leave", text: t("Sign out") }),
  ];
}

/** As the button of the inbox does. */
function markAllRead() {
  const form = document.createElement("form");
  form.method = "post";
  form.action = "/read-all";
  document.body.append(form);
  form.submit();
}
