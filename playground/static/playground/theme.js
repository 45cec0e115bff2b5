// Sets the theme before the first paint; the page's own script keeps the same preference (terrarium.theme).
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try {
      return JSON.parse(localStorage.getItem("terrarium.theme") || '"auto"');
    } catch {
      return "auto";
    }
  };
  const show = (theme) => {
    root.dataset.theme = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
  };
  show(chosen());
  dark.addEventListener("change", () => show(chosen()));
  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        const next = root.dataset.theme === "dark" ? "light" : "dark";
        try {
          localStorage.setItem("terrarium.theme", JSON.stringify(next));
        } catch {
          // Storage is off: the choice holds for this page.
        }
        show(next);
      });
    }
    for (const select of document.querySelectorAll("[data-submit-on-change]")) {
      select.addEventListener("change", () => select.form.requestSubmit());
    }
  });
})();
