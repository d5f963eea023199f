using System.Diagnostics;
using System.Globalization;
using FlameEdge.Federated;
using FlameEdge.Tasklets;

namespace FlameEdge.Benchmarks.Uneven;

/// <summary>The trainer of every device, on one whose training takes at least <c>pace</c> seconds, and <c>slower</c> times as long where its number is below <c>stragglers</c>.</summary>
internal sealed class PacedTrainer(RoleContext context) : SynchronousTrainer(context)
{
    private long begun;

    public override Step Compose() => ((Chain)base.Compose()).InsertBefore("train", new Tasklet("begin", BeginAsync)).InsertAfter("train", new Tasklet("pace", PaceAsync));

    private Task BeginAsync(CancellationToken cancellationToken)
    {
        begun = Stopwatch.GetTimestamp();
        return Task.CompletedTask;
    }

    private Task PaceAsync(CancellationToken cancellationToken)
    {
        var isStraggler = Context.Worker.Dataset is { } dataset && int.Parse(dataset.Value.AsSpan(dataset.Value.LastIndexOf('-') + 1), CultureInfo.InvariantCulture) < Setting("stragglers");
        var left = TimeSpan.FromSeconds(Setting("pace") * (isStraggler ? Setting("slower") : 1)) - Stopwatch.GetElapsedTime(begun);
        return left > TimeSpan.Zero ? Task.Delay(left, TimeProvider.System, cancellationToken) : Task.CompletedTask;
    }

    private double Setting(string name) => double.Parse(Context.Role.Settings[name], CultureInfo.InvariantCulture);
}
