// A mock cluster of librdkafka in a process of its own: its address goes into a file, then it runs until it is killed.
// SIGUSR1: its brokers are down, and keep what they have; SIGUSR2: they are up again. A file says that it was done.
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int count, char **arguments) {
  char error[256];
  if (count != 3) return 2;
  const char *file = arguments[1];
  int brokers = atoi(arguments[2]);

  // before there are other threads, which inherit it
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGUSR1);
  sigaddset(&wanted, SIGUSR2);
  sigprocmask(SIG_BLOCK, &wanted, NULL);

  rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof error);
  if (client == NULL) {
    fprintf(stderr, "%s\n", error);
    return 1;
  }
  rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(client, brokers);
  if (cluster == NULL) return 1;

  char unfinished[4096];
  snprintf(unfinished, sizeof unfinished, "%s.new", file);
  FILE *out = fopen(unfinished, "w");
  if (out == NULL) return 1;
  fprintf(out, "%s", rd_kafka_mock_cluster_bootstraps(cluster));
  if (fclose(out) != 0 || rename(unfinished, file) != 0) return 1;
  char done[4096];
  snprintf(done, sizeof done, "%s.done", file);
  for (int signal;;) {
    if (sigwait(&wanted, &signal) != 0) return 1;
    for (int broker = 1; broker <= brokers; broker++) {
      if (signal == SIGUSR1) rd_kafka_mock_broker_set_down(cluster, broker);
      else rd_kafka_mock_broker_set_up(cluster, broker);
    }
    FILE *said = fopen(done, "w");
    if (said == NULL || fclose(said) != 0) return 1;
  }
}
