import { FarMemories } from './far-memory.js';
import { type Links, type LinksOptions, linksService } from './links-service.js';
import { SessionMemories } from './session-memory.js';

/** As createLinks(). Where none is configured, what links are made of is not loaded: 70 files, TLS and zlib. */
export async function openLinks(options: LinksOptions): Promise<Links> {
  if (Object.keys(options.links).length > 0) {
    const { createLinks } = await import('./links.js');
    return createLinks(options);
  }
  // What the store remembers of links that were configured goes.
  new FarMemories(options.store, new Set());
  new SessionMemories(options.store);
  options.mesh?.hubs.forgetOthers();
  return linksService(options, []);
}
