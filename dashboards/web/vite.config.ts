import { defineConfig } from "vite";

// The page must run on the hall's old Chromium-class browsers, without a CDN and under
// `default-src 'self'`: no inlined scripts, and syntax lowered to ES2018.
export default defineConfig({
  base: "/",
  build: {
    target: "es2018",
    cssTarget: "chrome75",
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    // ECharts is one chunk of about 560 kB, loaded after the page is up.
    chunkSizeWarningLimit: 700,
  },
  server: {
    // With the page's own host: the daemon takes orders from its own page only.
    proxy: { "/api": { target: process.env["HALLWATCH_API"] ?? "http://127.0.0.1:8099", changeOrigin: false } },
  },
});
