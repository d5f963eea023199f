using FlameEdge.Control.Fleet;
using FlameEdge.Control.Gates;
using FlameEdge.Diagnostics;

namespace FlameEdge.Tests.Control.Gates;

/// <summary>Windows, temperature, battery, bytes: what the moment allows.</summary>
public sealed class MomentGateTests : GateBench
{
    [Theory]
    [InlineData("22:00-06:00", 22, 0, true)]
    [InlineData("22:00-06:00", 23, 59, true)]
    [InlineData("22:00-06:00", 0, 0, true)]
    [InlineData("22:00-06:00", 5, 59, true)]
    [InlineData("22:00-06:00", 6, 0, false)]
    [InlineData("22:00-06:00", 21, 59, false)]
    [InlineData("10:00-16:00", 10, 0, true)]
    [InlineData("10:00-16:00", 16, 0, false)]
    [InlineData("18:00-24:00", 23, 59, true)]
    [InlineData("18:00-24:00", 0, 0, false)]
    [InlineData("00:00-24:00", 13, 0, true)]
    [InlineData("12:00-12:00", 12, 0, false)]
    public async Task A_window_holds_its_first_minute_and_not_its_last(string window, int hour, int minute, bool isOpen)
    {
        clock.SetUtcNow(new DateTimeOffset(2026, 3, 15, hour, minute, 0, TimeSpan.Zero));

        Assert.Equal(isOpen, await JudgeAsync(new() { TrainingWindows = [window] }) is null);
    }

    [Fact]
    public async Task The_window_is_of_the_devices_own_time_and_tells_when_it_opens()
    {
        clock.SetLocalTimeZone(TimeZoneInfo.CreateCustomTimeZone("east", TimeSpan.FromHours(9), "east", "east"));
        var gate = await GateAsync(new() { TrainingWindows = ["22:00-06:00", "12:00-12:30"] });

        Assert.Equal(new WorkHold("training window 22:00-06:00, 12:00-12:30: it is 21:00, it opens at 22:00", IsForGood: false), Judge(gate));
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Null(Judge(gate));
    }

    [Theory]
    [InlineData("22-06")]
    [InlineData("25:00-06:00")]
    [InlineData("22:60-06:00")]
    [InlineData("22:00-24:01")]
    [InlineData("24:00-06:00")]
    [InlineData("-1:00-06:00")]
    [InlineData("")]
    public void A_text_that_is_no_window_is_refused(string text)
    {
        Assert.False(DailyWindows.IsOne(text));
        Assert.Contains("is no training window", Assert.Throws<TopologyException>(() => new WindowGate([text], clock)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hot_device_waits_until_it_is_five_degrees_cooler()
    {
        Put("sys/class/thermal/thermal_zone0/temp", "40000");
        Put("sys/class/thermal/thermal_zone1/temp", "79900");
        Put("sys/class/thermal/thermal_zone2/temp", "-273000");
        Put("sys/class/thermal/cooling_device0/temp", "99000");
        var gate = await GateAsync(new() { TemperatureLimitCelsius = 80 });

        Assert.Null(Judge(gate));
        Put("sys/class/thermal/thermal_zone1/temp", "80000");
        Assert.Equal(new WorkHold("temperature: 80 °C, limit 80 °C; waits until 75 °C", IsForGood: false), Judge(gate));
        Put("sys/class/thermal/thermal_zone1/temp", "75100");
        Assert.NotNull(Judge(gate));
        Put("sys/class/thermal/thermal_zone1/temp", "75000");
        Assert.Null(Judge(gate));
        Put("sys/class/thermal/thermal_zone1/temp", "79000");
        Assert.Null(Judge(gate));
    }

    [Theory]
    [InlineData("")]
    [InlineData("broken")]
    [InlineData("-274000")]
    public async Task Without_a_sensor_that_answers_nothing_is_held(string temperature)
    {
        Put("sys/class/thermal/thermal_zone0/temp", temperature);

        Assert.Null(await JudgeAsync(new() { TemperatureLimitCelsius = 50 }));
    }

    [Theory]
    [InlineData("39", "0", "Battery", "System", false)]
    [InlineData("40", "0", "Battery", "System", true)]
    [InlineData("5", "1", "Battery", "System", true)]
    [InlineData("5", "0", "Battery", "Device", true)]
    public async Task On_battery_work_waits_for_its_charge(string capacity, string mains, string type, string scope, bool runs)
    {
        Put("sys/class/power_supply/BAT0/type", type);
        Put("sys/class/power_supply/BAT0/scope", scope);
        Put("sys/class/power_supply/BAT0/capacity", capacity);
        Put("sys/class/power_supply/AC/type", "Mains");
        Put("sys/class/power_supply/AC/online", mains);

        var hold = await JudgeAsync(new() { LeastBatteryPercent = 40 });

        Assert.Equal(runs ? null : new WorkHold("battery: 39 %, works from 40 % on", IsForGood: false), hold);
    }

    [Fact]
    public async Task A_device_without_a_battery_works() => Assert.Null(await JudgeAsync(new() { LeastBatteryPercent = 40 }));

    [Fact]
    public async Task The_days_bytes_are_counted_across_restarts_and_forgiven_at_midnight_of_the_device()
    {
        clock.SetLocalTimeZone(TimeZoneInfo.CreateCustomTimeZone("east", TimeSpan.FromHours(9), "east", "east")); // 21:00 there.
        bytes = 500;
        var budget = await BudgetAsync();
        bytes = 2_000_500;
        Assert.Equal(2_000_000, budget.BytesToday);
        await budget.SaveAsync(TestContext.Current.CancellationToken);

        bytes = 0;
        var gate = Assert.Single(WorkGates.Of(new() { DailyBytes = 3_000_000 }, await BudgetAsync(), Sources, clock));
        bytes = 999_999;
        Assert.Null(Judge(gate));
        bytes = 1_000_000;
        Assert.Equal(new WorkHold("bytes a day: 3 MB are spent; goes on tomorrow", IsForGood: false), Judge(gate));
        clock.Advance(TimeSpan.FromHours(3));
        Assert.Null(Judge(gate));
    }

    [Fact]
    public async Task A_clock_set_back_forgives_nothing_and_one_set_right_again_goes_on_counting()
    {
        var budget = await BudgetAsync();
        bytes = 100;
        await budget.SaveAsync(TestContext.Current.CancellationToken);

        // A device without a battery for its clock starts in the past.
        var past = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var restarted = await ByteBudget.OpenAsync(state, past, () => bytes, TestContext.Current.CancellationToken);
        bytes = 150;
        Assert.Equal(150, restarted.BytesToday);
        past.Advance(TimeSpan.FromDays(1));
        bytes = 160;
        Assert.Equal(10, restarted.BytesToday);
    }

    [Fact]
    public async Task On_a_metered_link_nothing_starts_that_needs_more_than_is_left()
    {
        var limits = new AgentLimits { DailyBytes = 10_000_000, IsMetered = true };
        var budget = await BudgetAsync();
        bytes = 6_000_000;
        WorkHold? Ask(AgentLimits asked, long needed) => Judge(Assert.Single(WorkGates.Of(asked, budget, Sources, clock)), new() { DailyBytes = needed });

        Assert.Null(Ask(limits, 4_000_000));
        Assert.Equal("bytes a day: needs 5 MB, 4 MB are left on this metered link; starts tomorrow", Ask(limits, 5_000_000)?.Reason);
        Assert.Null(Ask(limits with { IsMetered = false }, 5_000_000));
        Assert.True(Ask(limits, 11_000_000)?.IsForGood);
        Start();
        Assert.Null(Ask(limits, 5_000_000));
    }
}
