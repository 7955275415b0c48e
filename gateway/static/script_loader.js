/**
 * Loads the scripts of a page, and tells when they did not come to life: not loaded, not understood, or failed as they
 * began.
 *
 * It is deferred, and so runs when the styles are there: a slow line brings what one reads before what one writes with.
 *
 * It stands alone and in the words of old browsers (ECMAScript 5), since they are among those who need it.
 */
(function () {
  var root = document.documentElement;
  var here = document.currentScript;
  var words = JSON.parse((here && here.getAttribute("data-texts")) || "{}");
  var entry = document.createElement("script");
  entry.type = "module";
  entry.src = (here && here.getAttribute("data-entry")) || "";
  document.head.appendChild(entry);

  /** @param {string} text @param {() => void} press */
  function button(text, press) {
    var made = document.createElement("button");
    made.type = "button";
    made.className = "quiet";
    made.textContent = text;
    made.addEventListener("click", press);
    return made;
  }

  function tell() {
    if (document.getElementById("load-failure")) {
      return;
    }
    var line = document.createElement("p");
    line.id = "load-failure";
    line.setAttribute("role", "alert");
    line.appendChild(document.createTextNode(words.failure));
    var reload = button(words.reload, function () {
      location.reload();
    });
    var close = button(words.close, function () {
      document.body.removeChild(line);
    });
    line.appendChild(reload);
    line.appendChild(close);
    document.body.insertBefore(line, document.body.firstChild);
  }

  // All scripts have run by then, or never will.
  addEventListener("load", function () {
    if (root.getAttribute("data-scripts") !== "live") {
      root.classList.remove("js"); // what is there for those without scripts is shown
      tell();
    }
  });

  // What is loaded later, where nobody else tells: the wordings are those of the engines.
  addEventListener("unhandledrejection", function (event) {
    if (/dynamically imported module|Importing a module script failed/.test(String(event.reason))) {
      tell();
    }
  });
})();
