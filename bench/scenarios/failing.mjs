const CALLERS = 50;

export default {
  name: 'failing',
  title: `${CALLERS} callers of a loader that fails`,
  figures: { loads: 'loads', rejected: 'rejections', same: "of them the origin's own error object" },
  rounds: 3,
  variants: [
    {
      id: 'cacheable',
      label: '`@Cacheable`, frozen',
      async run() {
        const { startShop } = await import('../harness/ours.mjs');
        const error = new Error('the database is gone');
        let loads = 0;
        const find = async () => {
          loads++;
          await new Promise((resolve) => setTimeout(resolve, 20));
          throw error;
        };
        const { users } = await startShop({ find, cacheable: { isolation: 'frozen', tags: ['users'] } });
        const ends = await Promise.allSettled(Array.from({ length: CALLERS }, () => users.find('id1')));
        const rejected = ends.filter(({ status }) => status === 'rejected');
        return { loads, rejected: rejected.length, same: rejected.filter(({ reason }) => reason === error).length };
      },
    },
  ],
  aims: ({ cacheable: { figures } }) => [
    { text: 'one load', value: figures.loads.max, met: figures.loads.max === 1 },
    { text: `${CALLERS} times the origin's own error`, value: figures.same.min, met: figures.same.min === CALLERS },
  ],
};
