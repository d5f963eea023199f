using System.Collections.Concurrent;
using FlameEdge.Tasklets;

namespace FlameEdge.Tests.Hosting.Agents;

/// <summary>Roles that wait until they are told to end; counts who runs, and how often who was started.</summary>
internal sealed class Runs
{
    private readonly ConcurrentDictionary<string, int> started = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> present = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Job, string Worker), int> inPlace = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource> ends = new(StringComparer.Ordinal);

    private readonly ConcurrentDictionary<string, TaskCompletionSource> lingering = new(StringComparer.Ordinal);

    /// <summary>True once two runs of a job's worker overlapped; two jobs may each have a worker of a name.</summary>
    public bool HasOverlapped { get; private set; }

    public int Started(string worker) => started.GetValueOrDefault(worker);

    public bool IsRunning(string worker) => present.GetValueOrDefault(worker) > 0;

    public void End(string worker) => EndOf(worker).TrySetResult();

    /// <summary>From now on the worker ends its step only when it is released, whoever cancels it.</summary>
    public void Linger(string worker) => lingering.TryAdd(worker, new(TaskCreationOptions.RunContinuationsAsynchronously));

    public void Release(string worker)
    {
        if (lingering.TryRemove(worker, out var held))
        {
            held.TrySetResult();
        }
    }

    public void Fail(string worker, string why) => EndOf(worker).TrySetException(new Diagnostics.DatasetException(why));

    public IRole Create(RoleContext context) => new Waiting(this, context.Job.Name.Value, context.Worker.Id.Value);

    private TaskCompletionSource EndOf(string worker) => ends.GetOrAdd(worker, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));

    private sealed class Waiting(Runs runs, string job, string worker) : IRole
    {
        public Step Compose() => new Tasklet("wait", async cancellationToken =>
        {
            runs.started.AddOrUpdate(worker, 1, (_, count) => count + 1);
            runs.present.AddOrUpdate(worker, 1, (_, count) => count + 1);
            runs.HasOverlapped |= runs.inPlace.AddOrUpdate((job, worker), 1, (_, count) => count + 1) > 1;
            try
            {
                await runs.EndOf(worker).Task.WaitAsync(cancellationToken);
            }
            finally
            {
                await (runs.lingering.TryGetValue(worker, out var held) ? held.Task : Task.CompletedTask);
                runs.inPlace.AddOrUpdate((job, worker), 0, (_, count) => count - 1);
                runs.present.AddOrUpdate(worker, 0, (_, count) => count - 1);
            }
        });

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
