/** What a person would have done before a scene is looked at: its presses and letters. Never part of a build. */
import type { Message } from '$lib/ipc/backend';
import type { SceneName } from './scenes';

export function stage(scene: SceneName, send: (message: Message) => void) {
  const drag = (phase: 'enter' | 'over', x: number, y: number) =>
    send({ type: 'drag', phase, x, y, files: 254, folders: 9, bytes: 18.4e9, handle: null });
  const type = (id: string, text: string) => {
    const input = document.querySelector<HTMLInputElement>(`[data-testid="${id}"]`);
    if (!input) return;
    input.value = text;
    input.dispatchEvent(new Event('input', { bubbles: true }));
  };
  const click = (id: string, nth = 0) => document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)[nth]?.click();
  if (scene === 'drag' || scene === 'drag-new' || scene === 'empty-drag') {
    drag('enter', 4, 4);
    setTimeout(() => {
      const at = document.querySelectorAll('[data-testid="group-card"]')[1]?.getBoundingClientRect();
      if (scene === 'drag' && at) drag('over', at.left + at.width / 2, at.top + 40);
    }, 60);
  }
  if (scene === 'transfers' || scene === 'processing' || scene === 'big' || scene === 'hostile') click('group-toggle');
  if (scene === 'failures') document.querySelector<HTMLElement>('[data-option="attention"]')?.click();
  if (
    scene === 'settings' ||
    scene === 'add' ||
    scene === 'add-bucket' ||
    scene.startsWith('sign-in') ||
    scene === 'speed' ||
    scene === 'schedule' ||
    scene === 'network' ||
    scene === 'appearance' ||
    scene === 'diagnostics' ||
    scene === 'licences'
  )
    click('nav-settings');
  if (scene === 'speed') setTimeout(() => click('page-start'), 50);
  if (scene === 'schedule' || scene === 'network' || scene === 'appearance') setTimeout(() => click(`page-${scene}`), 50);
  if (scene === 'diagnostics') setTimeout(() => click('make-diagnostics'), 50);
  if (scene === 'licences') setTimeout(() => click('show-licences'), 50);
  if (scene === 'relaunch-elsewhere')
    setTimeout(() => document.querySelector('[data-testid="elsewhere"]')?.scrollIntoView({ block: 'end' }), 100);
  if (scene.startsWith('watched')) click('nav-watched');
  if (scene === 'watched-trouble') setTimeout(() => document.querySelector<HTMLElement>('[data-watch="w-scans"]')?.click(), 50);
  if (scene === 'watched-form') {
    setTimeout(() => click('watch-add'), 50);
    setTimeout(() => click('watch-choose'), 100);
  }
  if (scene === 'watched-test' || scene === 'watched-test-out') {
    // In a narrow window the folders stand before their files.
    setTimeout(() => click('watch-card'), 50);
    setTimeout(() => click('watch-menu'), 100);
    setTimeout(() => click('watch-test'), 150);
    setTimeout(() => type('test-name-field', scene === 'watched-test' ? '2026/clip_004.mov' : 'clip_004.mov.part'), 200);
  }
  if (scene === 'first-run-memory') {
    click('dest-kind-s3');
    setTimeout(() => {
      type('dest-s3-endpoint', 'https://s3.garage.example');
      type('dest-s3-bucket', 'deliveries');
      type('dest-s3-access', 'GK31c2f218a2e44f485b94239e');
      type('dest-s3-secret', 'b892c0665f0ada8a4755dae98baa3b13');
    }, 50);
    setTimeout(() => click('first-run-start'), 100);
  }
  if (scene.startsWith('history')) click('nav-history');
  if (scene === 'history-search') setTimeout(() => type('history-search', 'scan'), 80);
  if (scene === 'history-acts') setTimeout(() => click('history-act', 1), 80);
  if (scene === 'history-trash') setTimeout(() => click('history-entry', 1), 80);
  if (scene === 'history-filters') {
    const choose = (id: string, value: string) => {
      const field = document.querySelector<HTMLInputElement | HTMLSelectElement>(`[data-testid="${id}"]`);
      if (field) field.value = value;
      field?.dispatchEvent(new Event('change', { bubbles: true }));
    };
    setTimeout(() => {
      choose('history-when', 'range');
      choose('history-place', 'd-nas');
      choose('history-folder', '/home/ada');
    }, 80);
    setTimeout(() => {
      choose('history-from', '2026-11-18');
      choose('history-to', '2026-11-20');
    }, 120);
  }
  if (scene.startsWith('insights')) click('nav-insights');
  if (scene === 'insights-all')
    setTimeout(() => document.querySelector<HTMLElement>('[data-testid="insights-whose"] [data-option="all"]')?.click(), 80);
  if (scene === 'preflight') send({ type: 'check', number: 1, group: null });
  if (scene === 'preflight-group') send({ type: 'check', number: 5, group: 'g-autumn' });
  if (scene === 'preflight-types') send({ type: 'check', number: 4, group: null });
  if (scene === 'preflight-many') send({ type: 'check', number: 6, group: null });
  if (scene === 'preflight-room') send({ type: 'check', number: 3, group: 'g-autumn' });
  if (scene === 'search') {
    click('open-search');
    setTimeout(() => type('search', 'scan-0000'), 50);
  }
  if (scene === 'selection' || scene === 'context' || scene === 'details') {
    click('group-toggle');
    const row = (n: number) => document.querySelector<HTMLElement>(`[data-index="${n}"]`);
    const choose = () => {
      // A row that is still on its way takes no double click.
      if (!row(5)?.dataset['file']) return void setTimeout(choose, 20);
      const press = (n: number, shiftKey: boolean) => row(n)?.dispatchEvent(new MouseEvent('click', { bubbles: true, shiftKey }));
      if (scene === 'details') row(5)?.dispatchEvent(new MouseEvent('dblclick', { bubbles: true }));
      else {
        press(1, false);
        press(4, true);
      }
      if (scene === 'context') {
        const at = row(3)?.getBoundingClientRect();
        row(3)?.dispatchEvent(
          new MouseEvent('contextmenu', { bubbles: true, clientX: (at?.left ?? 0) + 90, clientY: (at?.top ?? 0) + 18 }),
        );
      }
    };
    setTimeout(choose, 20);
  }
  if (scene === 'add' || scene === 'add-bucket' || scene === 'sign-in') setTimeout(() => click('dest-add'), 50);
  if (scene === 'add-bucket') {
    setTimeout(() => click('dest-kind-s3'), 100);
    setTimeout(() => {
      const proxy = document.querySelector<HTMLSelectElement>('[data-testid="dest-proxy"]');
      if (!proxy) return;
      proxy.value = 'manual';
      proxy.dispatchEvent(new Event('change', { bubbles: true }));
    }, 150);
    setTimeout(() => document.querySelector('[data-testid="dest-proxy-except"]')?.scrollIntoView({ block: 'end' }), 200);
  }
  if (scene === 'sign-in') {
    setTimeout(() => click('dest-kind-server'), 100);
    setTimeout(() => {
      const field = document.querySelector<HTMLInputElement>('[data-testid="dest-server-url"]');
      if (!field) return;
      field.value = 'https://up.example.com';
      field.dispatchEvent(new Event('input', { bubbles: true }));
      field.dispatchEvent(new Event('change', { bubbles: true }));
    }, 150);
  }
  if (scene === 'sign-in-again') setTimeout(() => click('dest-sign-in'), 50);
  if (scene === 'receipt') {
    document.querySelector<HTMLElement>('[data-option="finished"]')?.click();
    setTimeout(() => click('btn-receipt'), 50);
  }
  if (scene === 'merge' || scene === 'notes') {
    click('group-menu');
    setTimeout(() => click(scene === 'merge' ? 'btn-merge' : 'btn-notes'), 50);
  }
  const press = (key: string, ctrlKey = false) =>
    (document.activeElement ?? document.body).dispatchEvent(
      new KeyboardEvent('keydown', { key, ctrlKey, bubbles: true, cancelable: true }),
    );
  if (scene === 'palette' || scene === 'palette-find') press('k', true);
  if (scene === 'palette-find') setTimeout(() => type('palette-field', 'pau aut'), 50);
  if (scene === 'keys') press('F1');
  if (scene === 'new-group') press('n', true);
  if (scene === 'confirm') {
    click('group-menu');
    setTimeout(() => click('btn-cancel'), 50);
  }
}
