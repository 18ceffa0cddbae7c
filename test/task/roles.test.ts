import t from 'tap'
import { checkRights, KEY_ROLES, type KeyRole, whyForbidden } from '../../src/task/roles.js'

t.test('what each role is enough for', async (t) => {
  const enough = (role: KeyRole): KeyRole[] => KEY_ROLES.filter((needs) => whyForbidden({ role }, needs) === undefined)
  t.same(enough('read'), ['read'])
  t.same(enough('submit'), ['read', 'submit'])
  t.same(enough('worker'), ['worker'])
  t.same(enough('admin'), KEY_ROLES)
})

t.test('a key for some types is for no other, and limits no looking', async (t) => {
  const rights = { role: 'submit', types: ['resize', 'crop'] } as const
  t.equal(whyForbidden(rights, 'submit', ['crop', 'resize']), undefined)
  t.match(whyForbidden(rights, 'submit', ['crop', 'mail']), /resize, crop only, and not for mail/)
  t.equal(whyForbidden(rights, 'read', ['mail']), undefined)
})

t.test('a refusal says what is needed and what there is', async (t) => {
  t.throws(() => checkRights({ role: 'read' }, 'submit'), {
    code: 'forbidden',
    exitCode: 4,
    message: /needs a key with the role submit, and yours has read/,
  })
})
