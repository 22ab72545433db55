/// What measures a Windows host as long as a road to it is open. Windows PowerShell 5.1; every line is one JSON object,
/// `t` says what it tells: `i` what the machine is, `s` a sample, every 500 ms, `g` its GPUs, every 5 s.
enum HostScript {
    static let samples = """
        $ErrorActionPreference = 'SilentlyContinue'
        \(facts)
        $round = 0
        while ($true) {
        $begin = (Get-Date).Ticks
        $cpu = 0
        foreach ($one in @(Get-CimInstance -ClassName Win32_PerfFormattedData_PerfOS_Processor -Filter "Name='_Total'")) { $cpu = $one.PercentProcessorTime }
        $system = Get-CimInstance -ClassName Win32_OperatingSystem
        if ($round % 20 -eq 0) { $disk = (Get-CimInstance -ClassName Win32_LogicalDisk -Filter "DeviceID='$($env:SystemDrive)'").FreeSpace }
        $round++
        Say @{ t = 's'; cpu = $cpu; free = [double]$system.FreePhysicalMemory * 1024; disk = $disk }
        $rest = 500 - [int](((Get-Date).Ticks - $begin) / 10000)
        if ($rest -gt 0) { Start-Sleep -Milliseconds $rest }
        }
        """

    static let gpus = """
        $ErrorActionPreference = 'SilentlyContinue'
        \(say)
        while ($true) {
        if (Get-Command -Name nvidia-smi -CommandType Application -ErrorAction SilentlyContinue) {
        $rows = @(nvidia-smi --query-gpu=index,utilization.gpu,memory.used,temperature.gpu --format=csv,noheader,nounits)
        Say @{ t = 'g'; smi = $rows }
        } else {
        $busy = 0
        foreach ($one in @(Get-CimInstance -ClassName Win32_PerfFormattedData_GPUPerformanceCounters_GPUEngine)) { if ($one.Name -like '*engtype_3D') { $busy += $one.UtilizationPercentage } }
        $used = 0
        foreach ($one in @(Get-CimInstance -ClassName Win32_PerfFormattedData_GPUPerformanceCounters_GPUAdapterMemory)) { $used += $one.DedicatedUsage }
        Say @{ t = 'g'; busy = $busy; used = $used }
        }
        Start-Sleep -Seconds 5
        }
        """

    private static let say = """
        function Say($what) { [Console]::Out.WriteLine((ConvertTo-Json -Compress -Depth 4 -InputObject $what)) }
        """

    private static let facts = """
        \(say)
        $system = Get-CimInstance -ClassName Win32_OperatingSystem
        $machine = Get-CimInstance -ClassName Win32_ComputerSystem
        $volume = Get-CimInstance -ClassName Win32_LogicalDisk -Filter "DeviceID='$($env:SystemDrive)'"
        $disk = $volume.FreeSpace
        $rows = @()
        if (Get-Command -Name nvidia-smi -CommandType Application -ErrorAction SilentlyContinue) {
        $rows = @(nvidia-smi --query-gpu=index,name,memory.total,uuid,driver_version --format=csv,noheader,nounits)
        }
        $cards = @()
        foreach ($one in @(Get-CimInstance -ClassName Win32_VideoController)) {
        $bytes = $one.AdapterRAM
        try { foreach ($key in @(Get-ItemProperty -Path 'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e968-e325-11ce-bfc1-08002be10318}\\0*' -ErrorAction Stop)) { if ($key.DriverDesc -eq $one.Name -and $key.'HardwareInformation.qwMemorySize') { $bytes = $key.'HardwareInformation.qwMemorySize' } } } catch { $bytes = $one.AdapterRAM }
        $cards += @{ name = $one.Name; bytes = $bytes; driver = $one.DriverVersion }
        }
        $programs = @()
        foreach ($name in 'python','py','pwsh','git','docker','ffmpeg','node','bash','wsl','ssh') {
        if (Get-Command -Name $name -CommandType Application -ErrorAction SilentlyContinue) { $programs += $name }
        }
        Say @{ t = 'i'; caption = $system.Caption; version = $system.Version; arch = $env:PROCESSOR_ARCHITECTURE; host = $env:COMPUTERNAME; cores = $machine.NumberOfLogicalProcessors; memory = $machine.TotalPhysicalMemory; disk = $volume.Size; smi = $rows; cards = $cards; programs = $programs; user = [string]$machine.UserName; boot = $system.LastBootUpTime.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ') }
        """
}
