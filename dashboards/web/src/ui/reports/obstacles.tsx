// What stands in the way of closing: a hall that was silent for long has very many of them.
import type { Text } from "../../api/types";
import { useWords } from "../../i18n/reports";

const SHOWN = 12;

function Items({ obstacles }: { obstacles: readonly Text[] }) {
  const { say } = useWords();
  return <ul class="obstacles">{obstacles.map((obstacle) => <li key={obstacle.en} data-obstacle>{say(obstacle)}</li>)}</ul>;
}

export function Obstacles({ obstacles }: { obstacles: readonly Text[] }) {
  const { report } = useWords().t;
  const folds = obstacles.length > SHOWN + 1;
  return (
    <>
      <Items obstacles={folds ? obstacles.slice(0, SHOWN) : obstacles} />
      {folds ? <details class="obstacles-more"><summary>{report.moreObstacles(obstacles.length - SHOWN)}</summary><Items obstacles={obstacles.slice(SHOWN)} /></details> : null}
    </>
  );
}
