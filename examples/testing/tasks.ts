import { defineTasks, NonRetryableError } from 'dtr'

export default defineTasks({
  async greet({ name }: { name: string }) {
    if (!name) throw new NonRetryableError('whom?')
    return { text: `hello ${name}` }
  },
})
