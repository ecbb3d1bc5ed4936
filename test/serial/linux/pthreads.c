/* SPDX-License-Identifier: MIT */
/*
 * pthreads - threads of a libc that count together, to be compiled by tools/cc.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS 8
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t done;
static int counter, open_now;
static __thread int own = 5;

static void *work(void *arg)
{
    int number = *(int *)arg;
    own += number;
    pthread_barrier_wait(&barrier);
    pthread_mutex_lock(&mutex);
    while (!open_now)
        pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < 200; i++) {
        char *memory = malloc(1000 + i);
        memset(memory, number, 1000 + i);
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
        free(memory);
    }
    sem_post(&done);
    return (void *)(long)own;
}

int main(void)
{
    pthread_t threads[THREADS];
    int numbers[THREADS], sum = 0;
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    sem_init(&done, 0, 0);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        if (pthread_create(&threads[i], NULL, work, &numbers[i]) != 0)
            return puts("no thread"), 1;
    }
    pthread_barrier_wait(&barrier);
    usleep(20000);
    pthread_mutex_lock(&mutex);
    open_now = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < THREADS; i++)
        sem_wait(&done);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        sum += (int)(long)result;
    }
    printf("%d threads counted to %d; their own sum is %d\n", THREADS, counter, sum);
    fflush(stdout);
    return counter == 200 * THREADS && sum == 68 ? 0 : 1;
}
