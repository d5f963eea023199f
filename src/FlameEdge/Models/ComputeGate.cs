namespace FlameEdge.Models;

/// <summary>
/// Where a process computes: trainings and scorings whose engines together use at most so many threads, so that a fleet on one machine neither thrashes its cores nor
/// starves the threads that answer the broker.
/// </summary>
/// <param name="limit">Threads at once; the number of cores by default.</param>
public sealed class ComputeGate(int? limit = null) : IDisposable
{
    private readonly int limit = limit ?? Environment.ProcessorCount;
    private readonly SemaphoreSlim places = new(limit ?? Environment.ProcessorCount);
    private readonly SemaphoreSlim entry = new(1, 1);

    /// <summary>Runs <paramref name="work"/> when there are threads for it.</summary>
    /// <param name="threads">What its engine uses; more than the limit counts as all of it.</param>
    /// <param name="work">The computation.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async Task<T> RunAsync<T>(int threads, Func<T> work, CancellationToken cancellationToken)
    {
        var taken = 0;
        try
        {
            // One at a time: two that each hold half of what they need would wait for each other.
            await entry.WaitAsync(cancellationToken);
            try
            {
                for (; taken < Math.Clamp(threads, 1, limit); taken++)
                {
                    await places.WaitAsync(cancellationToken);
                }
            }
            finally
            {
                entry.Release();
            }

            return await Task.Factory.StartNew(work, cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        finally
        {
            if (taken > 0)
            {
                places.Release(taken);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        places.Dispose();
        entry.Dispose();
    }
}
