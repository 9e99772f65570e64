// Dark or light: what the person chose here, or else what their system says.

export function applyTheme() {
  const chosen = localStorage.getItem("sluice.theme");
  const system = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
  document.documentElement.dataset.theme = chosen === "light" || chosen === "dark" ? chosen : system;
}

export function flipTheme() {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem("sluice.theme", next);
  applyTheme();
}

matchMedia("(prefers-color-scheme: light)").addEventListener("change", applyTheme);
