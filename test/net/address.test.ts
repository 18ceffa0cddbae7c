import t from 'tap'
import { formatAddress, parseAddress } from '../../src/net/address.js'

t.test('one spelling for one address', async (t) => {
  t.equal(formatAddress({ host: '127.0.0.1', port: 5000 }), '127.0.0.1:5000')
  t.equal(formatAddress({ host: '::ffff:127.0.0.1', port: 5000 }), '127.0.0.1:5000')
  t.equal(formatAddress({ host: '::FFFF:10.0.0.7', port: 1 }), '10.0.0.7:1')
  t.equal(formatAddress({ host: '::1', port: 5000 }), '[::1]:5000')
  t.equal(formatAddress({ host: 'FE80::1%eth0', port: 5000 }), '[fe80::1]:5000')
  t.equal(formatAddress({ host: 'Localhost', port: 5000 }), 'localhost:5000')
})

t.test('reading', async (t) => {
  t.same(parseAddress('127.0.0.1:4999'), { host: '127.0.0.1', port: 4999 })
  t.same(parseAddress('[::1]:4999'), { host: '::1', port: 4999 })
  t.same(parseAddress(' master.example:65535 '), { host: 'master.example', port: 65_535 })
  for (const text of ['', 'host', ':1', 'host:', 'host:0', 'host:65536', '::1:80', 'a b:1', 'http://x:1', 'x:1/y']) {
    t.throws(() => parseAddress(text, '--join'), { code: 'bad_input', message: /^--join: / }, text)
  }
})
