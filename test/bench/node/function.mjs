// The tutorial's function, on Node's own HTTP server or on Fastify: it signs a container SAS for every request.
import { createServer } from 'node:http';
import { ContainerSASPermissions, StorageSharedKeyCredential, generateBlobSASQueryParameters } from '@azure/storage-blob';

const account = 'devstoreaccount1';
const key = new StorageSharedKeyCredential(account, 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==');

function credentials() {
  const sas = generateBlobSASQueryParameters(
    {
      containerName: 'images',
      permissions: ContainerSASPermissions.parse('c'),
      expiresOn: new Date(Date.now() + 2 * 3600_000),
    },
    key,
  );
  return { sasKey: sas.toString(), url: `https://${account}.blob.core.windows.net` };
}

if (process.argv[2] === 'fastify') {
  const { fastify } = await import('fastify');
  const app = fastify();
  app.get('/api/credentials', () => credentials());
  console.log(`listening on ${await app.listen({ host: '127.0.0.1', port: 0 })}`);
} else {
  const server = createServer((request, response) => {
    const body = JSON.stringify(credentials());
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  });
  server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
}
