// Sets the chosen or the system's theme before the first paint, so that the page does not flash.
(function () {
  var root = document.documentElement;
  var system = matchMedia("(prefers-color-scheme: dark)");
  function chosen() {
    try { return localStorage.getItem("ring_theme"); } catch (error) { return null; }
  }
  function apply() {
    var theme = chosen();
    root.setAttribute("data-bs-theme", theme === "light" || theme === "dark" ? theme : system.matches ? "dark" : "light");
  }
  root.classList.add("js");
  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", apply);
})();
