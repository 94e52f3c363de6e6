/** Destinations of the scenes. */
import type { DestinationView } from '$lib/contract';
import { NOW } from './make';

export const SERVER: DestinationView = {
  id: 'd-server',
  name: 'Studio server',
  kind: 'server',
  location: 'recordings at up.example.com',
  is_default: false,
  problem: 'token_expired',
  since: null,
  accepts: { max_bytes: 524_288_000, refused_types: [], allowed_mime: ['application/json', 'model/gltf-binary'] },
};
export const DESTINATIONS: DestinationView[] = [
  {
    id: 'd-nas',
    name: 'Studio NAS',
    kind: 'folder',
    location: '/mnt/studio/Uploads',
    is_default: true,
    problem: null,
    since: null,
    accepts: { max_bytes: 5e9, refused_types: ['exe', 'msi'], allowed_mime: null },
  },
  {
    id: 'd-s3',
    name: 'My S3 bucket',
    kind: 's3',
    location: 'deliveries at s3.garage.example',
    is_default: false,
    problem: 'storage_credentials',
    since: NOW - 47 * 60_000,
    accepts: { max_bytes: null, refused_types: [], allowed_mime: null },
  },
];
