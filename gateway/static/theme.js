/** Light or dark: the switch acts at once, and its cookie tells the server for the next page. */

import { all } from "./dom.js";

const YEAR_S = 365 * 24 * 60 * 60;

export function wireTheme() {
  for (const button of all(document, '[data-action="theme"]')) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      switchTheme();
    });
  }
}

export function switchTheme() {
  setTheme(isDark() ? "light" : "dark");
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** @param {"light" | "dark"} theme */
function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `theme=${theme}; Path=/; Max-Age=${YEAR_S}; SameSite=Lax${secure}`;
}
