// The image's bill of materials (CycloneDX 1.5) from what dpkg-query said: NAME VERSION ARCHITECTURE SOURCE SOURCE-VERSION.
// usage: node images/image-sbom.mjs VERSION MANIFEST… > hpmq-VERSION-arm64.cdx.json
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const [version, ...manifests] = process.argv.slice(2);
const lines = manifests.flatMap((file) => readFileSync(file, 'utf8').split('\n')).filter((line) => line !== '');
const components = [...new Set(lines)].sort().map((line) => {
  const [name, packageVersion, architecture, source, sourceVersion] = line.split(' ');
  const purl = `pkg:deb/debian/${name}@${encodeURIComponent(packageVersion)}?arch=${architecture}`;
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version: packageVersion,
    purl,
    properties: [{ name: 'debian:source', value: `${source} ${sourceVersion}` }],
  };
});
// A name made of the content (RFC 9562 §5.8): the same packages, the same document.
const hex = createHash('sha256')
  .update(JSON.stringify([version, components]))
  .digest('hex');
const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
const document = {
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  serialNumber: `urn:uuid:${uuid}`,
  version: 1,
  metadata: {
    timestamp: new Date(1_000 * Number(process.env.SOURCE_DATE_EPOCH ?? 0)).toISOString(),
    component: { type: 'firmware', name: 'hpmq-image-arm64', version },
  },
  components,
};
console.log(JSON.stringify(document, null, 1));
