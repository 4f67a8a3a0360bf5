// A chart on the page. This module is the only one that imports ECharts and is loaded lazily.
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { init, use, type EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { Paint, type Draw } from "./paint";

use([BarChart, LineChart, GridComponent, TooltipComponent, MarkLineComponent, CanvasRenderer]);

export class Chart {
  private readonly chart: EChartsType;
  private readonly observer: ResizeObserver;

  constructor(private readonly box: HTMLElement) {
    this.chart = init(box, null, { renderer: "canvas" });
    this.observer = new ResizeObserver(() => this.chart.resize());
    this.observer.observe(box);
  }

  dispose(): void {
    this.observer.disconnect();
    this.chart.dispose();
  }

  draw(draw: Draw): void {
    this.chart.setOption(draw(new Paint(this.box)));
    // At once: who prints does not wait for the next frame.
    this.chart.getZr().flush();
  }
}
