using FlameEdge.Models;

namespace FlameEdge.Tests.Models;

public sealed class ComputeGateTests
{
    [Theory]
    [InlineData(3, 1, 3)]
    [InlineData(5, 2, 2)]
    [InlineData(1, 4, 1)]
    public async Task As_many_engines_compute_at_once_as_fit_the_threads(int limit, int threads, int expected)
    {
        using var gate = new ComputeGate(limit);
        using var release = new ManualResetEventSlim();
        var (now, most) = (0, 0);
        var all = Enumerable.Range(0, 8).Select(_ => gate.RunAsync(threads, () =>
        {
            InterlockedMax(ref most, Interlocked.Increment(ref now));
            release.Wait(TimeSpan.FromSeconds(10));
            return Interlocked.Decrement(ref now);
        }, TestContext.Current.CancellationToken)).ToList();

        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref now) == expected, TimeSpan.FromSeconds(10)), $"{now} compute");
        release.Set();
        await Task.WhenAll(all);

        Assert.Equal(expected, most);
    }

    [Fact]
    public async Task Who_gives_up_waiting_leaves_its_threads_to_the_others()
    {
        using var gate = new ComputeGate(2);
        using var release = new ManualResetEventSlim();
        var running = gate.RunAsync(1, () => release.Wait(TimeSpan.FromSeconds(10)), TestContext.Current.CancellationToken);
        using var giveUp = new CancellationTokenSource();
        var waiting = gate.RunAsync(2, () => true, giveUp.Token);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        release.Set();
        await running;

        Assert.True(await gate.RunAsync(2, () => true, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
    }

    private static void InterlockedMax(ref int most, int seen)
    {
        for (var known = Volatile.Read(ref most); seen > known; known = Volatile.Read(ref most))
        {
            Interlocked.CompareExchange(ref most, seen, known);
        }
    }
}
