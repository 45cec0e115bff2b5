/** The product in one picture: the same processes counted twice, inside the solid edge and outside of it. */
import { t } from "../i18n/index";

const PROCESSES = [
  { name: "sh", inside: 1, outside: 48211 },
  { name: "sleep", inside: 7, outside: 48236 },
  { name: "ps", inside: 8, outside: 48240 },
];

/** For the eye only: the words beside it say the same. Its rows light up in turn, once, and on pointing. */
export function Twins() {
  return (
    <div class="twins world-host" aria-hidden="true">
      <div class="twins-inside world-container">
        <p class="world-label">{t("world.container")}</p>
        {PROCESSES.map(({ name, inside }, index) => (
          <p key={name} class="mono" data-twin={index}>
            <b>{inside}</b> {name}
          </p>
        ))}
      </div>
      <div class="twins-ties">
        {PROCESSES.map(({ name }, index) => (
          <i key={name} data-twin={index} />
        ))}
      </div>
      <div class="twins-outside">
        <p class="world-label">{t("world.host")}</p>
        {PROCESSES.map(({ name, outside }, index) => (
          <p key={name} class="mono" data-twin={index}>
            <b>{outside}</b> {name}
          </p>
        ))}
      </div>
    </div>
  );
}
