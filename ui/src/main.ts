import './lib/words/tag';
import './lib/css/tokens.css';
import './lib/css/base.css';
import './lib/css/controls.css';
import { backend } from '#backend';
import { mount } from 'svelte';
import App from './app/App.svelte';

const target = document.getElementById('app');
if (target) mount(App, { target, props: { backend } });
