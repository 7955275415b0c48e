/** Suggestions for a field that takes a person: those whose name holds what is typed, as the browser lists them. */

const QUIET_MS = 150;
const SHOWN_MAX = 10;

export function wirePeopleSuggestions() {
  let timer = 0;
  document.addEventListener("input", ({ target }) => {
    if (target instanceof HTMLInputElement && target.matches("[data-suggest]")) {
      clearTimeout(timer);
      timer = setTimeout(() => suggest(target), QUIET_MS);
    }
  });
}

/** @param {HTMLInputElement} field */
async function suggest(field) {
  const query = field.value.trim();
  const people = query ? await find(query) : [];
  if (query === field.value.trim()) {
    field.list?.replaceChildren(...people.map(optionOf));
  }
}

/** @param {string} query @returns {Promise<Api.Profile[]>} */
async function find(query) {
  try {
    const answer = await fetch(`/api/people?${new URLSearchParams({ query, limit: String(SHOWN_MAX) })}`);
    return answer.ok ? await answer.json() : [];
  } catch {
    return [];
  }
}

/** @param {Api.Profile} person */
function optionOf({ username, nickname }) {
  const option = document.createElement("option");
  option.value = username;
  option.label = nickname === username ? username : `${nickname} (@${username})`;
  return option;
}
