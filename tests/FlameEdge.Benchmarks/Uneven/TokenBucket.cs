using System.Diagnostics;

namespace FlameEdge.Benchmarks.Uneven;

/// <summary>So many tokens a second, and so many at once; whoever wants more waits his turn.</summary>
internal sealed class TokenBucket(double perSecond, int burst)
{
    private readonly SemaphoreSlim turn = new(1, 1);
    private double level = burst;
    private long filled = Stopwatch.GetTimestamp();

    /// <summary>Takes tokens, at most the burst, when they are there.</summary>
    public async Task TakeAsync(int count, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            Fill();
            while (level < count)
            {
                await Task.Delay(TimeSpan.FromSeconds((count - level) / perSecond), TimeProvider.System, cancellationToken);
                Fill();
            }

            level -= count;
        }
        finally
        {
            turn.Release();
        }
    }

    private void Fill()
    {
        level = Math.Min(burst, level + (Stopwatch.GetElapsedTime(filled).TotalSeconds * perSecond));
        filled = Stopwatch.GetTimestamp();
    }
}
