using FlameEdge.Control.Fleet;
using FlameEdge.Control.Gates;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Topology;
using Microsoft.Extensions.Time.Testing;

namespace FlameEdge.Tests.Control.Gates;

/// <summary>A device made of files, a worker that asks, and a clock that is set by hand.</summary>
public abstract class GateBench : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private protected readonly FakeTimeProvider clock = new(new DateTimeOffset(2026, 3, 14, 12, 0, 0, TimeSpan.Zero));
    private protected readonly List<(JobId, WorkerId)> running = [];
    private protected readonly MemoryStateStore state = new();
    private protected long bytes;

    private protected GateSources Sources => new() { StateFolder = folder["state"], SysFolder = folder["sys"], ProcFolder = folder["proc"], Running = () => running };

    public void Dispose()
    {
        folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected void Put(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder[path])!); // not null: it is below the folder
        File.WriteAllText(folder[path], text + "\n");
    }

    private protected static JobPlan Plan(NeedsSpec? needs = null, TrainingSpec? training = null)
    {
        var role = new RoleSpec { Name = new("trainer"), Program = "trainer", IsDataConsumer = true, GroupAssociation = [], Needs = needs ?? new() };
        var job = new JobSpec
        {
            Name = new("job"),
            Title = "job",
            Graph = new TopologyGraph { Roles = [role], Channels = [] },
            Datasets = new Dictionary<DatasetId, DatasetSpec>(),
            Training = training ?? new(),
        };
        return new JobPlan(job, [new WorkerPlan { Id = new("trainer_0"), Role = new("trainer"), Dataset = new("rows"), Groups = new Dictionary<ChannelName, GroupName>() }]);
    }

    private protected async Task<IWorkGate> GateAsync(AgentLimits limits) => Assert.Single(WorkGates.Of(limits, await BudgetAsync(), Sources, clock));

    private protected Task<ByteBudget> BudgetAsync() => ByteBudget.OpenAsync(state, clock, () => bytes, TestContext.Current.CancellationToken);

    private protected async Task<WorkHold?> JudgeAsync(AgentLimits limits, NeedsSpec? needs = null, TrainingSpec? training = null) => Judge(await GateAsync(limits), needs, training);

    private protected static WorkHold? Judge(IWorkGate gate, NeedsSpec? needs = null, TrainingSpec? training = null)
    {
        var plan = Plan(needs, training);
        return gate.Judge(plan.Job, plan.Workers[0]);
    }

    private protected void Start() => running.Add((new("job"), new("trainer_0")));
}
