using FlameEdge.Control.Fleet;
using FlameEdge.Control.Gates;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Control.Gates;

/// <summary>Memory, storage, batch, threads, workers: what the device has.</summary>
public sealed class LimitGateTests : GateBench
{
    private const long Megabyte = 1_000_000;

    [Fact]
    public async Task No_limit_makes_no_gate() => Assert.Empty(WorkGates.Of(new(), await BudgetAsync(), Sources, clock));

    [Fact]
    public async Task Memory_in_use_counts_beside_what_the_role_needs_and_the_figures_are_told()
    {
        Put("proc/self/status", "Name:\tagent\nVmRSS:\t   60000 kB");
        var limits = new AgentLimits { MemoryBytes = 100 * Megabyte };

        Assert.Null(await JudgeAsync(limits, new() { MemoryBytes = 38 * Megabyte }));
        Assert.Equal(new WorkHold("memory: 61.4 MB in use and 39 MB needed, at most 100 MB here", IsForGood: false), await JudgeAsync(limits, new() { MemoryBytes = 39 * Megabyte }));
        Assert.Equal(new WorkHold("memory: needs 200 MB, at most 100 MB here", IsForGood: true), await JudgeAsync(limits, new() { MemoryBytes = 200 * Megabyte }));
    }

    [Fact]
    public async Task A_running_workers_memory_is_not_counted_twice()
    {
        Put("proc/self/status", "VmRSS:\t   80000 kB");
        Start();

        Assert.Null(await JudgeAsync(new() { MemoryBytes = 100 * Megabyte }, new() { MemoryBytes = 50 * Megabyte }));
        Assert.Contains("81.9 MB in use, at most 80 MB", (await JudgeAsync(new() { MemoryBytes = 80 * Megabyte }))?.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0::/system.slice/agent.service", "system.slice/agent.service", true)]
    [InlineData("0::/system.slice/agent.service", "system.slice", true)]
    [InlineData("0::/", "", true)]
    [InlineData("0::/../../elsewhere", "", false)]
    [InlineData("1:memory:/old", "", false)]
    public async Task A_lower_limit_of_the_service_or_its_slice_counts(string group, string limited, bool counts)
    {
        Put("proc/self/status", "VmRSS:\t   1000 kB");
        Put("proc/self/cgroup", group);
        Put($"sys/fs/cgroup/{limited}/memory.max", $"{50 * Megabyte}");

        var hold = await JudgeAsync(new() { MemoryBytes = 100 * Megabyte }, new() { MemoryBytes = 60 * Megabyte });

        Assert.Equal(counts ? "memory: needs 60 MB, at most 50 MB here" : null, hold?.Reason);
    }

    [Fact]
    public async Task An_unlimited_group_changes_nothing()
    {
        Put("proc/self/status", "VmRSS:\t   1000 kB");
        Put("proc/self/cgroup", "0::/agent");
        Put("sys/fs/cgroup/agent/memory.max", "max");

        Assert.Null(await JudgeAsync(new() { MemoryBytes = 100 * Megabyte }, new() { MemoryBytes = 60 * Megabyte }));
    }

    [Fact]
    public async Task Storage_is_measured_with_all_folders_below_and_not_again_for_half_a_minute()
    {
        Put("state/blobs/a", new string('x', 2_000_000));
        var gate = await GateAsync(new() { StorageBytes = 3 * Megabyte });

        Assert.Null(Judge(gate, new() { StorageBytes = 900_000 }));
        Assert.Equal("storage: 2 MB in use and 1.1 MB needed, at most 3 MB here", Judge(gate, new() { StorageBytes = 1_100_000 })?.Reason);
        Assert.True(Judge(gate, new() { StorageBytes = 4 * Megabyte })?.IsForGood);

        Put("state/more", new string('x', 2_000_000));
        Assert.Null(Judge(gate));
        clock.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal("storage: 4 MB in use, at most 3 MB here", Judge(gate)?.Reason);
    }

    [Fact]
    public async Task A_larger_batch_is_refused_for_good_and_a_full_one_left_to_memory()
    {
        Assert.Null(await JudgeAsync(new() { LargestBatch = 32 }, training: new() { BatchSize = 32 }));
        Assert.Equal(new WorkHold("batch: needs 33, at most 32 here", IsForGood: true), await JudgeAsync(new() { LargestBatch = 32 }, training: new() { BatchSize = 33 }));
        Assert.Null(await JudgeAsync(new() { LargestBatch = 32 }, training: new() { BatchSize = null }));
    }

    [Fact]
    public async Task Threads_of_the_engine_and_of_the_role_are_bounded()
    {
        Assert.Null(await JudgeAsync(new() { Threads = 3 }, training: new() { Threads = 3 }));
        Assert.Equal("threads: needs 4, at most 3 here", (await JudgeAsync(new() { Threads = 3 }, training: new() { Threads = 4 }))?.Reason);
        Assert.True((await JudgeAsync(new() { Threads = 3 }, new() { Threads = 5 }))?.IsForGood);
    }

    [Fact]
    public async Task Workers_beyond_the_limit_wait_and_those_that_run_go_on()
    {
        running.Add((new("other"), new("trainer_0")));
        Assert.Equal(new WorkHold("workers: 1 run, at most 1 here", IsForGood: false), await JudgeAsync(new() { Workers = 1 }));
        Assert.Null(await JudgeAsync(new() { Workers = 2 }));

        Start();
        Assert.Null(await JudgeAsync(new() { Workers = 1 }));
    }

    [Fact]
    public void The_least_of_limits_is_the_strictest_of_each()
    {
        var least = AgentLimits.Least(
            new() { MemoryBytes = 5, Threads = 4, IsMetered = false, Power = "mains", LeastBatteryPercent = 20, TrainingWindows = ["20:00-06:00"] },
            new() { MemoryBytes = 7, Threads = 2, IsMetered = true, Power = "solar", LeastBatteryPercent = 40, TrainingWindows = ["22:00-08:00", "12:00-13:00"] },
            new() { DailyBytes = 9, TrainingWindows = [] });

        Assert.Equal((5L, 2, 9L, true, "solar", 40), (least.MemoryBytes, least.Threads, least.DailyBytes, least.IsMetered, least.Power, least.LeastBatteryPercent));
        Assert.Equal(["00:00-06:00", "22:00-24:00"], least.TrainingWindows);
        Assert.Null(least.Workers);
        Assert.Null(AgentLimits.Least().TrainingWindows);
    }

    [Fact]
    public async Task Windows_that_share_no_time_never_open_rather_than_always()
    {
        var least = AgentLimits.Least(new() { TrainingWindows = ["08:00-09:00"] }, new() { TrainingWindows = ["10:00-11:00"] });

        Assert.Equal(["00:00-00:00"], least.TrainingWindows);
        Assert.True((await JudgeAsync(least))?.IsForGood);
    }
}
