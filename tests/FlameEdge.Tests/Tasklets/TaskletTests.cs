using FlameEdge.Tasklets;

namespace FlameEdge.Tests.Tasklets;

public class TaskletTests
{
    private readonly List<string> log = [];

    [Fact]
    public async Task A_chain_runs_its_steps_in_order_and_a_loop_until_its_exit_holds()
    {
        var passes = 0;
        var role = Note("a") >> Loop.Until(() => passes == 2, Note("b") >> new Tasklet("count", _ => Task.FromResult(passes++)) >> Note("c")) >> Note("d");

        await role.RunAsync(default);

        Assert.Equal("a b c b c d", string.Join(' ', log));
    }

    [Fact]
    public async Task Again_goes_back_to_the_loops_first_step_and_leave_ends_the_innermost_loop()
    {
        var pass = 0;
        var inner = Loop.Until(() => false, Note("b") >> new Tasklet("turn", _ => Task.FromResult(++pass switch { 1 => Flow.Again, 2 => Flow.Next, _ => Flow.Leave })) >> Note("c"));

        await (Note("a") >> inner >> Note("d")).RunAsync(default);

        Assert.Equal("a b b c b d", string.Join(' ', log));
    }

    [Fact]
    public async Task Surgery_reaches_into_loops_and_leaves_the_original_alone()
    {
        var done = false;
        var role = Note("initialize") >> Loop.Until(() => done, Note("fetch") >> Note("train") >> new Tasklet("upload", _ => Task.FromResult(done = true)));

        var changed = role.InsertAfter("train", Note("clip")).InsertBefore("fetch", Note("look")).Remove("initialize").Replace("train", Note("learn"));
        await changed.RunAsync(default);

        Assert.Equal("look fetch learn clip", string.Join(' ', log));
        Assert.Equal("initialize >> (fetch >> train >> upload)*", role.Name);
    }

    [Fact]
    public void Surgery_names_what_it_cannot_find_or_finds_twice()
    {
        var role = Note("a") >> Note("b") >> Note("b");

        Assert.Contains("0 steps are called 'x'", Assert.Throws<ArgumentException>(() => role.Remove("x")).Message);
        Assert.Contains("2 steps are called 'b'", Assert.Throws<ArgumentException>(() => role.Remove("b")).Message);
    }

    [Fact]
    public async Task Cancellation_passes_through_between_steps()
    {
        using var stop = new CancellationTokenSource();
        var role = Note("a") >> new Tasklet("stop", _ => stop.CancelAsync()) >> Note("b");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => role.RunAsync(stop.Token));

        Assert.Equal(["a"], log);
    }

    private Tasklet Note(string name) => new(name, _ =>
    {
        log.Add(name);
        return Task.CompletedTask;
    });
}
