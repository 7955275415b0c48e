/**
 * Tells when the scripts of a page did not come to life: not loaded, not understood, or failed as they began.
 *
 * It stands alone and in the words of old browsers (ECMAScript 5), since they are among those who need it.
 */
(function () {
  var root = document.documentElement;
  var texts = document.currentScript && document.currentScript.getAttribute("data-texts");
  var words = texts ? JSON.parse(texts) : {};

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
