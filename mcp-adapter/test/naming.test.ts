import fc from 'fast-check'
import t from 'tap'
import { snakeCase, toolName, uniqueNames } from '../src/tools/naming.ts'

t.test('foo/list and foo.list get names of their own, in whatever order they stand', async (t) => {
  const [slash, dot, other] = uniqueNames(['foo/list', 'foo.list', 'fooGet'])
  t.match(slash, /^foo_list_[0-9a-f]{6}$/)
  t.match(dot, /^foo_list_[0-9a-f]{6}$/)
  t.not(slash, dot)
  t.equal(other, 'foo_get')
  t.same(uniqueNames(['foo.list', 'foo/list']), [dot, slash])
})

t.test('a suffix never passes the limit, and a suffixed name that is taken is not taken twice', async (t) => {
  const long = 'listEveryOrderOfEveryCustomerInEveryRegionOfEveryCountryThatThereIsNow'
  const name = toolName(long)
  t.equal(name.length, 64)
  t.equal(toolName(`${long}Too`) === name, false, 'what is cut off still counts')
  t.equal(toolName('getOne', 'crm_'), 'crm_get_one')
  const [first] = uniqueNames(['a/b', 'a.b'])
  const named = uniqueNames(['a/b', 'a.b', first as string])
  t.equal(new Set(named).size, 3)
  t.equal(named[2], first, 'an operation that is called so keeps its name')
  t.equal(new Set(uniqueNames(['get_x'], 64, { taken: new Set(['get_x']) })).has('get_x'), false)
})

t.test('every list of ids becomes as many valid names, which the order does not change', async (t) => {
  const id = fc.oneof(fc.string(), fc.constantFrom('a/b', 'a.b', 'a_b', 'aB', '日本', '中国', '', 'constructor'))
  fc.assert(
    fc.property(fc.uniqueArray(id), (ids) => {
      const names = uniqueNames(ids)
      const reversed = uniqueNames([...ids].reverse()).reverse()
      const isValid = names.every((name) => /^[a-zA-Z0-9_-]{1,64}$/.test(name))
      return isValid && new Set(names).size === ids.length && JSON.stringify(names) === JSON.stringify(reversed)
    }),
    { seed: 5, numRuns: 300 },
  )
  t.equal(snakeCase('listOrders'), 'list_orders')
})
