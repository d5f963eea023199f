namespace FlameEdge.Models;

/// <summary>
/// Where a process computes: at most so many trainings and scorings at once, on threads of their own, so that a fleet on one machine neither thrashes its cores nor
/// starves the threads that answer the broker.
/// </summary>
/// <param name="limit">Computations at once; the number of cores by default.</param>
public sealed class ComputeGate(int? limit = null) : IDisposable
{
    private readonly SemaphoreSlim places = new(limit ?? Environment.ProcessorCount);

    /// <summary>Runs <paramref name="work"/> when a place is free.</summary>
    public async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        await places.WaitAsync(cancellationToken);
        try
        {
            return await Task.Factory.StartNew(work, cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        finally
        {
            places.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => places.Dispose();
}
